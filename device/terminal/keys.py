"""What is typed while a session runs: digits and Enter are a PIN; nothing is echoed."""

import os
import select
import termios
import threading
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

LOOK_S = 0.1
MAX_DIGITS = 32
_ENTER, _ERASE = b"\r\n", b"\x7f\x08"


class Keys:
    """Reads a terminal, or lines of anything else, in a thread of its own while entered; see `typed`."""

    def __init__(self, fd: int, entered: Callable[[str], None]) -> None:
        """`fd`: of the terminal, or of a pipe; `entered` is given each PIN, in the thread that reads."""
        self._fd = fd
        self._entered = entered
        self._digits = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="keys", daemon=True)
        self._before: list[Any] | None = None

    @property
    def typed(self) -> int:
        """How many digits have been typed since the last Enter."""
        return len(self._digits)

    def __enter__(self) -> Self:
        if os.isatty(self._fd):
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)  # Ctrl-C stays a signal
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._before is not None:
            termios.tcsetattr(self._fd, termios.TCSAFLUSH, self._before)

    def _read(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._fd], [], [], LOOK_S)[0]:
                continue
            data = os.read(self._fd, 64)
            if not data:
                return
            for at in range(len(data)):
                self._take(data[at : at + 1])

    def _take(self, key: bytes) -> None:
        if key in _ENTER:
            digits, self._digits = self._digits, ""
            if digits:
                self._entered(digits)
        elif key in _ERASE:
            self._digits = self._digits[:-1]
        elif key.isdigit() and len(self._digits) < MAX_DIGITS:
            self._digits += key.decode("ascii")
