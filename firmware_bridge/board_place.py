"""Where a board is now: one that is plugged in again may come back under another name, and its old one be another's."""

from collections.abc import Callable
from pathlib import Path

from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.port_list import ListedBoard


class BoardPlace:
    """Remembers which board was opened at ``url``, and finds that one again.

    Args:
        url: as the user gave it.
        boards: lists those that are plugged in.
    """

    def __init__(self, url: str, boards: Callable[[], list[ListedBoard]]) -> None:
        self._url = url
        self._boards = boards
        self._board: ListedBoard | None = None
        self._beside: set[str] = set()
        self._was_there = True

    def opened(self) -> None:
        """Remember the board; a port that is no listed board (a socket, a pseudo-terminal) keeps its name."""
        if self._board is None and "://" not in self._url:
            listed = self._boards()
            self._board = next((board for board in listed if _is_at(board, self._url)), None)
            self._beside = {board.device for board in listed if board is not self._board}

    def find(self) -> str:
        """What to open: the board's name by id or device, and ``url`` while it is not known or nowhere else.

        Raises:
            PortError: NOT_FOUND if ``url`` is another board now.
        """
        if self._board is None:
            return self._url
        listed = self._boards()
        same = [board for board in listed if self._is_same(board)]
        named = [board for board in same if board.path == self._board.path]
        if named or len(same) == 1:
            return (named or same)[0].path
        if any(_is_at(board, self._url) for board in listed):
            raise PortError(PortReason.NOT_FOUND, f"{self._url} is another board now; plug the first one in again")
        return self._url

    def has_returned(self) -> bool:
        """Whether there is something to open, and was not at the last look; what a URL leads to cannot be looked at."""
        if "://" in self._url:
            return False
        try:
            there = Path(self.find()).exists()
        except PortError:
            there = False
        returned, self._was_there = there and not self._was_there, there
        return returned

    def _is_same(self, board: ListedBoard) -> bool:
        if self._board is None or board.usb != self._board.usb:
            return False
        # Clones of one kind have no serial number: one that stood beside ours at the opening is not ours.
        return bool(board.usb and board.usb.serial_number) or board.device not in self._beside


def _is_at(board: ListedBoard, path: str) -> bool:
    return Path(path).resolve() == Path(board.device).resolve()
