"""Watches a live run block by block: which samples came, what was made of them, and whether that was right."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from device.events import Event, FingerChanged, Identified, LockChanged, TryRefused
from device.session.inbox import Tick
from device.session.orders import Request
from device.soak.comparing import Comparing
from device.soak.device_path import DevicePath
from device.soak.reference import BLOCK, outcomes_of
from device.soak.stretches import Stretches
from device.soak.wearing import MOST_AIR_COUNTS, Sittings, Slate
from firmware_bridge import LinkLost, Message, SampleBlock
from firmware_bridge.light_sensor import FULL_COUNTS, OPEN_AIR_COUNTS

Item = Message | Request | Tick
_CLOCK_US = 8_000
"""Between two samples of a true clock."""


@dataclass(slots=True)
class Witnessed:
    """What was counted so far."""

    samples: int = 0
    lost: int = 0
    """Samples that the numbering of the others says are missing, within an epoch."""
    epochs: int = 0
    outages: int = 0
    sittings: int = 0
    """Of which the slate was read."""
    barred: int = 0
    """Of these, those that were cut short by a lockout."""
    altered: int = 0
    """Samples other than those that were measured, though nothing declared a hole."""
    open_unworn: int = 0
    """Blocks of open air after which the lock was open."""
    opened: int = 0
    opened_for_another: int = 0
    identified: int = 0


@dataclass(slots=True)
class _Sitting:
    """The sitting that goes on, while its signal is whole."""

    number: int
    first: int
    """Index of its first sample."""
    phase: int
    at_samples: int
    truth: NDArray[np.int32]
    reached: int = 0


@dataclass(slots=True)
class _Stream:
    """Where the epoch stands."""

    epoch: int = -1
    next_index: int = 0
    clock_us: int = 0
    """What the clock of a true board shows for sample 0."""
    is_true: bool = False


@dataclass(slots=True)
class Witness:
    """Give `tap(items)` and `event` to `Session.run`.

    A sitting's signal is whole from its first sample to the first that is missing, altered, of another epoch or
    stamped by a clock that is off, to a lockout, or to its end. Where it is whole, `comparing` holds what came of it
    against the run without faults.
    """

    path: DevicePath
    sittings: Sittings
    comparing: Comparing
    stretches: Stretches
    counts: Witnessed = field(default_factory=Witnessed)
    _stream: _Stream = field(default_factory=_Stream)
    _slate: Slate = field(default_factory=Slate)
    _sitting: _Sitting | None = None
    _wearer: str = ""
    _events: list[Event] = field(default_factory=list)

    def tap(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, and a tick before a hole; each block is judged before and after the session has it."""
        for item in items:
            if not isinstance(item, SampleBlock):
                if isinstance(item, LinkLost):
                    self.counts.outages += 1
                    self._hole()
                yield item
                continue
            missing = self._before(item)
            if missing:
                self.path.clock.samples += missing
                yield Tick()
            self.path.clock.samples += len(item.ir_counts)
            yield item
            self._after(item)

    def event(self, event: Event) -> None:
        """What the session tells."""
        self._events.append(event)
        if isinstance(event, TryRefused):
            self._settle(barred=True)
        if isinstance(event, TryRefused | FingerChanged):
            self.stretches.end()
        counts = self.counts
        counts.identified += isinstance(event, Identified)
        if isinstance(event, LockChanged) and not event.locked:
            counts.opened += 1
            counts.opened_for_another += bool(self._wearer) and event.person != self._wearer

    def end(self) -> None:
        """Judge what is left."""
        self._hole()

    def _hole(self) -> None:
        self._settle()
        self._slate.begin()
        self._wearer = ""
        self.stretches.end()

    def _before(self, block: SampleBlock) -> int:
        """How many samples are missing before the block, within its epoch; begins and ends sittings."""
        stream = self._stream
        same = block.epoch == stream.epoch
        missing = block.index - stream.next_index if same else 0
        if missing or not same:
            self._hole()
        if not same:
            self.counts.epochs += 1
            stream.epoch, stream.is_true = block.epoch, True
            stream.clock_us = block.t_us - block.clock_index * _CLOCK_US
        stream.is_true &= block.t_us - block.clock_index * _CLOCK_US == stream.clock_us
        stream.next_index = block.index + len(block.ir_counts)
        self.counts.lost += missing
        self.counts.samples += len(block.ir_counts)
        if self._sitting is not None:
            self._follow(block, self._sitting)
        if self._sitting is None:
            self._look_for_slate(block)
        return missing

    def _look_for_slate(self, block: SampleBlock) -> None:
        if not self._slate.run and block.ir_counts[-1] > MOST_AIR_COUNTS:
            return
        pairs = zip(block.ir_counts.tolist(), block.red_counts.tolist(), strict=True)
        for at, (ir_counts, red_counts) in enumerate(pairs):
            number = self._slate.take(ir_counts, red_counts)
            if number is not None:
                self._begin(number, block, at)
                return

    def _begin(self, number: int, block: SampleBlock, at: int) -> None:
        self.counts.sittings += 1
        self.path.forgive()
        sitting = self.sittings.sitting(number)
        self._wearer = sitting.wearer if sitting.is_enrolled else "nobody enrolled"
        if self.path.session.tries.barred:
            self.counts.barred += 1
        elif self._stream.is_true and len(block.ir_counts) == BLOCK:
            self.comparing.begin()
            first, now = block.index + at, self.path.clock.samples + at
            self._sitting = _Sitting(number, first, (block.index - first) % BLOCK, now, sitting.worn)
            self._follow(block, self._sitting)

    def _follow(self, block: SampleBlock, sitting: _Sitting) -> None:
        """See that the block is what was measured; the sitting's end, and whatever is not, settles it."""
        at = block.index - sitting.first
        truth = sitting.truth[max(0, at) : at + len(block.ir_counts)]
        came = slice(max(0, -at), max(0, -at) + len(truth))
        ir_counts, red_counts = block.ir_counts[came], block.red_counts[came]
        differs = (ir_counts != truth[:, 0]) | (red_counts != truth[:, 1])
        if differs.any():
            physical = (ir_counts == OPEN_AIR_COUNTS[0]) | (ir_counts == FULL_COUNTS)
            self.counts.altered += int((differs & ~physical).sum())
        whole = self._stream.is_true and len(block.ir_counts) == BLOCK and not differs.any()
        if not whole or at + len(block.ir_counts) > len(sitting.truth):
            self._settle()
            self._slate.begin()

    def _settle(self, *, barred: bool = False) -> None:
        sitting, self._sitting = self._sitting, None
        if sitting is not None:
            self.counts.barred += barred
            self.comparing.settle(sitting.number, sitting.phase, sitting.reached, sitting.at_samples)

    def _after(self, block: SampleBlock) -> None:
        session, sitting = self.path.session, self._sitting
        end = block.index + len(block.ir_counts)
        outcomes = list(outcomes_of(end - sitting.first if sitting else 0, self.path, self._events))
        self._events.clear()
        if sitting is not None:
            self.comparing.note(outcomes)
            sitting.reached = end - sitting.first
        windows = sum(isinstance(what, tuple) for _, what in outcomes)
        idle = session.lock.locked and session.tries.barred
        self.stretches.block(len(block.ir_counts), windows, self.path.front_end.rate_hz, idle=idle)
        if block.ir_counts.max() < MOST_AIR_COUNTS:
            self.counts.open_unworn += not session.lock.locked
