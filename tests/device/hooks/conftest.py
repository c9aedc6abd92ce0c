"""Lines that hooks tell, from whatever thread, as they come."""

import queue
import time
from collections.abc import Callable

import pytest

from device.hooks.change import Change

WAIT_S = 20.0  # For what certainly comes: how slow a machine may be, not how long anything takes.


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does, sooner or later."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True


class Told:
    """Collects lines; `next` waits for one."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue()

    def __call__(self, text: str) -> None:
        self._lines.put(text)

    def next(self) -> str:
        return self._lines.get(timeout=WAIT_S)

    def all(self) -> list[str]:
        return [self._lines.get_nowait() for _ in range(self._lines.qsize())]


@pytest.fixture
def told() -> Told:
    return Told()


def make_change(state: str, person: str = "Ada") -> Change:
    """Locked or unlocked, for a person."""
    return Change(state == "locked", person, "a reason", "2026-01-02T03:04:05+00:00")


@pytest.fixture(scope="session")
def unlock() -> Change:
    return make_change("unlocked")


@pytest.fixture(scope="session")
def lock() -> Change:
    return make_change("locked")
