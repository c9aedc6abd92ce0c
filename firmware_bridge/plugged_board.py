"""A simulated board that can be unplugged and plugged in again, under a name that stays."""

from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_bridge.packets import Board
from firmware_bridge.pty_board import PtyBoard


class PluggedBoard:
    """``board`` on pseudo-terminals to which ``path`` links as ``/dev/serial/by-id`` does; see PtyBoard.

    Whoever reads it when it is unplugged sees a hang-up, as of a USB port. Use it as a context manager, or call
    unplug().
    """

    def __init__(self, board: Board, path: Path, speed: float = 1.0) -> None:
        self._board, self._speed = board, speed
        self._served: PtyBoard | None = None
        self.path = path
        self.replug()

    def replug(self, name: str | None = None) -> None:
        """Plug it in again, as another ``name`` in the same folder if one is given; what it measures goes on."""
        if self._served is not None:
            raise RuntimeError(f"the board at {self.path} is plugged in")
        self.path = self.path.with_name(name or self.path.name)
        self._served = PtyBoard(self._board, self._speed)
        self.path.symlink_to(self._served.path)

    def unplug(self) -> None:
        """Take its port away, and its name."""
        if self._served is not None:
            self.path.unlink()
            self._served.close()
            self._served = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
