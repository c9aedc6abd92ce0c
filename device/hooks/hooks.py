"""All that hangs on a lock: told of every change, and left locked."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from device.events import Event, LockChanged
from device.hooks.change import Change, Hook, Tell, unfailing
from device.hooks.worker import Worker

CLOSE_S = 25.0
"""A program that is still at work, the one that locks after it, 10 s each, and a broker's answer."""


class Hooks:
    """A context manager: leaving it locks whatever is open."""

    def __init__(self, hooks: Sequence[Hook], tell: Tell, *, close_s: float = CLOSE_S) -> None:
        """`tell` takes a line about each failure, from the hooks' threads."""
        self._tell = unfailing(tell)
        self._close_s = close_s
        self._workers = [Worker(hook, self._tell) for hook in hooks]
        self._last: Change | None = None

    def heed(self, event: Event) -> None:
        """Pass a session's event on, if it is that the lock has changed."""
        if isinstance(event, LockChanged):
            self.apply(Change.now(locked=event.locked, person=event.person, reason=event.reason))

    def apply(self, change: Change) -> None:
        """Pass a change on; at once, whatever becomes of it."""
        self._last = change
        for worker in self._workers:
            worker.put(change)

    def close(self) -> None:
        """Lock, let every hook finish for `close_s` seconds in all, and tell which has not; harmless if repeated."""
        workers, self._workers = self._workers, []
        last = self._last
        for worker in workers:
            if last is not None and not last.locked:
                worker.put(Change.now(locked=True, person=last.person, reason="stopped"))
            worker.end()
        deadline_s = time.monotonic() + self._close_s
        for worker in workers:
            if not worker.ended_within(max(0.0, deadline_s - time.monotonic())):
                self._tell(f"{worker.name}: not done after {self._close_s:g} s, and left: see whether it is locked")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
