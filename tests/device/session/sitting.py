"""A sitting at the lock as messages in virtual time, and what a session told of it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from device.events import Event, LockChanged
from device.session.inbox import Tick
from device.session.orders import Request
from device.session.session import Session
from firmware_bridge import Message, SampleBlock
from firmware_bridge.protocol import DataFlags

RATE_HZ = 125.0
PIN = "482913"
OPEN_AIR = 1_000


class Sitting:
    """Messages one after another in virtual time: the clock stands where the newest sample was measured."""

    def __init__(self, pulse_of: Callable[..., Any]) -> None:
        self._pulse_of = pulse_of
        self.now_s = 0.0
        self._index = 0

    def clock(self) -> float:
        return self.now_s

    def pulse(self, name: str, seconds: float, seed: int = 5) -> Iterator[Message | Request | Tick]:
        yield from self._blocks(np.rint(120_000 - 1500 * self._pulse_of(name, seconds, seed=seed)))

    def air(self, seconds: float) -> Iterator[Message | Request | Tick]:
        yield from self._blocks(np.full(round(seconds * RATE_HZ), float(OPEN_AIR)))

    def silence(self, seconds: float) -> Iterator[Message | Request | Tick]:
        for _ in range(round(seconds / 0.1)):
            self.now_s += 0.1
            yield Tick()

    def _blocks(self, counts: Any) -> Iterator[Message]:
        for at in range(0, len(counts) - 4, 5):
            part = counts[at : at + 5].astype(np.int32)
            first, self._index = self._index, self._index + 5
            self.now_s += 5 / RATE_HZ
            newest = self._index - 1
            yield SampleBlock(first, 0, newest, newest * 8000, part, part, DataFlags.NONE)


def told(session: Session, *parts: Iterable[Message | Request | Tick]) -> list[Event]:
    events: list[Event] = []
    session.run((item for part in parts for item in part), events.append)
    return events


def changes(events: list[Event]) -> list[tuple[bool, str, str]]:
    return [(one.locked, one.person, one.reason) for one in events if isinstance(one, LockChanged)]
