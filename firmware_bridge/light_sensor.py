"""The light board's sensor: what light comes back, what the converter makes of it, and a FIFO that can run over."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.protocol import FIFO_SAMPLES, MAX_SAMPLES, SensorFault
from firmware_bridge.sensor_faults import FaultKind, FaultSchedule
from firmware_bridge.sources import LOST, PulseSource

DEFAULT_STEPS = 36
"""7.2 mA in steps of 200 uA: the current at which a source's counts are what it says."""
FULL_COUNTS = 0x3FFFC
"""The converter's 16 bits are the upper ones of 18."""
OPEN_AIR_COUNTS = (1_000, 800)
"""What comes back into the sensor without a finger, IR and RED; a finger is above 28,000."""
OVERFLOWS_COUNTED = 31
"""The chip's counter of lost samples stops there."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Samples taken from the FIFO at once, shape (n, 2), ``LOST`` ones among them."""

    counts: NDArray[np.int32]
    index: int
    depth: int
    """From the first of them to the newest held, as in ``DataFrame``."""
    age_s: float
    """Since the newest held was measured."""
    after_gap: bool


class LightSensor:
    """Measures ``source``, whose pulse goes on whether the sensor measures or not.

    ``swapped``: a clone whose LEDs are in each other's place, which nobody told the board. ``emitted``: the light is
    not the LEDs' own, reflected, but comes from a lamp before the sensor that plays the source: currents do not
    change it.
    """

    def __init__(self, source: PulseSource, faults: FaultSchedule, swapped: bool, emitted: bool = False) -> None:
        self._source, self._faults, self._swapped, self._emitted = source, faults, swapped, emitted
        self._undisturbed = not (swapped or faults.has(FaultKind.FINGER_OFF) or faults.has(FaultKind.SATURATED))
        self.lived = 0
        self.steps = (DEFAULT_STEPS, DEFAULT_STEPS)
        self.restart()

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._source.rate_hz

    @property
    def lived_s(self) -> float:
        """The time that has passed, over all boots of the board; ``lived`` is it in samples."""
        return self.lived / self.rate_hz

    @property
    def unanswering(self) -> SensorFault:
        """Why no transfer works now, or NONE."""
        if self._faults.lasts(FaultKind.STUCK_BUS, self.lived_s):
            return SensorFault.BUS_TIMEOUT
        return SensorFault.NACK if self._faults.lasts(FaultKind.BROWN_OUT, self.lived_s) else SensorFault.NONE

    @property
    def index(self) -> int:
        """Of the sample that comes next out of the FIFO."""
        return self._index

    @property
    def uncountable(self) -> bool:
        """Whether more were lost than the chip counts."""
        return self._lost >= OVERFLOWS_COUNTED

    def restart(self) -> None:
        """Forget what is held, and count from 0."""
        self._held = np.empty((0, 2), np.int32)
        self._index = self._lost = 0
        self._overflowed = False

    def rewind(self) -> None:
        """Begin the source again."""
        self._source.rewind()

    def measure(self, *, running: bool) -> int:
        """Let five samples' time pass, or less at the source's end, and hold them if ``running``; how many."""
        counts = self._source.read(MAX_SAMPLES)
        if running:
            seen = self._see(counts, self.lived)
            room = FIFO_SAMPLES - len(self._held)
            self._held = np.concatenate([self._held, seen[:room]])
            self._lost += max(0, len(seen) - room)
        self.lived += len(counts)
        return len(counts)

    def readings(self, *, all_of_it: bool) -> Iterator[Reading]:
        """What the board takes now: in fives, and the rest too before a gap or if ``all_of_it``."""
        gap = self._lost
        while len(self._held) >= MAX_SAMPLES or (len(self._held) and (gap or all_of_it)):
            taken, depth = self._held[:MAX_SAMPLES], len(self._held)
            self._held = self._held[MAX_SAMPLES:]
            yield Reading(taken, self._index_after(len(taken)), depth, gap / self.rate_hz, self._overflowed)
            self._overflowed = False
        if gap:
            self._index += gap
            self._lost, self._overflowed = 0, True

    def _index_after(self, n: int) -> int:
        first = self._index
        self._index += n
        return first

    def _see(self, counts: NDArray[np.int32], first: int) -> NDArray[np.int32]:
        """The counts that come of the source's, which are the samples from ``first`` of the board's life on."""
        steps = (DEFAULT_STEPS, DEFAULT_STEPS) if self._emitted else self.steps
        if self._undisturbed and steps == (DEFAULT_STEPS, DEFAULT_STEPS):
            return counts
        time_s = (first + np.arange(len(counts)) + 1) / self.rate_hz
        seen = np.where(self._faults.during(FaultKind.FINGER_OFF, time_s)[:, None], OPEN_AIR_COUNTS, counts)
        if self._swapped:
            seen = seen[:, ::-1]
        seen = np.minimum(seen * np.array(steps) // DEFAULT_STEPS, FULL_COUNTS)
        seen = np.where(self._faults.during(FaultKind.SATURATED, time_s)[:, None], FULL_COUNTS, seen)
        return np.where(counts == LOST, LOST, seen).astype(np.int32)
