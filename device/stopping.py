"""Stopping from outside: Ctrl-C, SIGTERM and a time limit all end a run the same clean way."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self


class Stopper:
    """While entered, SIGINT and SIGTERM close what is being read; so does the end of the time, if any.

    A second signal raises KeyboardInterrupt, so that a stop which hangs can still be stopped.
    """

    def __init__(self, close: Callable[[], None], seconds: float | None = None) -> None:
        """`close` ends the reading: idempotent, safe from a signal handler and another thread."""
        self.interrupted = False
        self._close = close
        self._timer = threading.Timer(seconds, close) if seconds is not None else None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Take over the signals and start the time."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back and stop the time."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if self._timer is not None:
            self._timer.cancel()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        self._close()
