"""Stopping from outside: Ctrl-C, SIGTERM and a time limit all end a run the same clean way."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self


class Stopper:
    """While entered, SIGINT and SIGTERM close what is being read; so does the end of the time, if any.

    Before there is anything to close, a signal raises KeyboardInterrupt. A second signal always does, so
    that a stop which hangs can still be stopped.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.interrupted = False
        self._close: Callable[[], None] | None = None
        self._timer = threading.Timer(seconds, self._time_is_up) if seconds is not None else None
        self._before: dict[int, object] = {}

    def closes(self, close: Callable[[], None]) -> None:
        """Say what ends the reading (safe from a signal handler and another thread); starts the time."""
        self._close = close
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def __enter__(self) -> Self:
        """Take over the signals."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
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
        if self.interrupted or self._close is None:
            raise KeyboardInterrupt
        self.interrupted = True
        self._close()

    def _time_is_up(self) -> None:
        if self._close is not None:
            self._close()
