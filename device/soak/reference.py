"""The run without faults: any sitting again, from the same sample on, on a board and a wire that have none."""

from collections.abc import Iterator
from dataclasses import replace

from device.events import (
    Event,
    FingerChanged,
    Identified,
    LockChanged,
    NotAcquired,
    Unknown,
    WindowScored,
)
from device.soak.device_path import DevicePath, Seen
from device.soak.wearing import OneSitting, Sittings
from firmware_bridge import LightBoard, SampleBlock
from firmware_bridge.direct_reader import DirectReader

Outcome = tuple[int, Seen | Event]
"""What came of a sitting after so many samples of it."""
DECISIONS = (Identified, Unknown, NotAcquired, LockChanged)
_COMPARED = (*DECISIONS, FingerChanged, WindowScored)
BEFORE = 375
"""Samples of the slate that come first: the rate is known after 2 s of them."""
BLOCK = 5


def outcomes_of(offset: int, path: DevicePath, events: list[Event]) -> Iterator[Outcome]:
    """What can be compared of a block: its windows, and events without their time and running number."""
    for seen in path.take_seen():
        yield offset, seen
    for event in events:
        if isinstance(event, WindowScored):
            yield offset, replace(event, time_s=0.0, window=0)
        elif isinstance(event, _COMPARED):
            yield offset, replace(event, time_s=0.0)


class Reference:
    """Plays sittings, one after the other, to a device of its own."""

    def __init__(self, sittings: Sittings, path: DevicePath) -> None:
        self._sittings, self._path = sittings, path
        self._epoch = 0

    def is_of_sitting(self, outcome: Outcome) -> bool:
        """Whether it came after the sitting's first sample; of a window, whether it can have begun after it too.

        One that began in the open air lies in whichever grid of windows the signal before had left.
        """
        offset, what = outcome
        return offset >= self._path.window_samples if isinstance(what, tuple) else offset > 0

    def outcomes(self, number: int, phase: int, until: int, at_samples: int) -> list[Outcome]:
        """What comes of a sitting's first `until` samples.

        Args:
            number: of the sitting.
            phase: where the board's blocks of five begin, counted from the sitting's first sample, modulo five.
            until: samples of it.
            at_samples: what the other run's clock showed before the first of them.
        """
        before = BEFORE - (BEFORE + phase) % BLOCK
        board = LightBoard(OneSitting(self._sittings.sitting(number), before))
        path, session = self._path, self._path.session
        self._epoch += 1
        path.forgive()
        found: list[Outcome] = []
        for message in DirectReader(board):
            if not isinstance(message, SampleBlock):
                continue
            offset = message.index + len(message.ir_counts) - before
            if offset > until:
                break
            path.clock.samples = at_samples + offset
            events = list(session.heed(replace(message, epoch=self._epoch)))
            found += outcomes_of(offset, path, events)
        return list(filter(self.is_of_sitting, found))
