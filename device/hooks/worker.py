"""One hook in a thread of its own: as slow as it likes, and a failure is told, not raised."""

import threading
from collections.abc import Callable
from functools import partial

from device.hooks.change import Change, Hook, Tell
from device.hooks.waiting import in_order, newest
from firmware_bridge.errors import PulsekeyError


class Worker:
    """Hands changes to a hook; `tell` must not raise."""

    def __init__(self, hook: Hook, tell: Tell) -> None:
        self.name = hook.name
        self._hook = hook
        self._tell = tell
        self._arranged = in_order if hook.in_order else newest
        self._waiting: list[Change] = []
        self._ending = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=f"hook {hook.name}", daemon=True)
        self._thread.start()

    def put(self, change: Change) -> None:
        """Hand over a change; never waits for the hook."""
        with self._news:
            before = self._waiting
            self._waiting = self._arranged(before, change)
            left_out = self._hook.in_order and change not in self._waiting
            self._news.notify()
        if left_out:
            self._tell(f"{self.name}: locked again before it could act for {change.person}: nothing was done")

    def end(self) -> None:
        """Close the hook after what is still waiting."""
        with self._news:
            self._ending = True
            self._news.notify()

    def ended_within(self, seconds: float) -> bool:
        """Wait for the hook to be closed; whether it was."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (change := self._next()) is not None:
            self._attempt(partial(self._hook.apply, change))
        self._attempt(self._hook.close)

    def _next(self) -> Change | None:
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._ending)
            return self._waiting.pop(0) if self._waiting else None

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except PulsekeyError as error:
            self._tell(f"{self.name}: {error}")
        except Exception as error:  # a fault of ours, or of a library: it must not keep the next lock from the hook
            self._tell(f"{self.name}: {type(error).__name__}: {error}")
