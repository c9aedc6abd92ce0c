"""Who wears the sensor when, in sittings that can be made again one by one, and a slate before each that numbers it.

Before a sensor is put on it lies in open air, and its counts there say which sitting comes and in how many samples:
infrared counts down to the first one, red has the sitting's number. So whoever reads the board knows of each sample
which one it is, whatever was lost before, as a film's clapperboard tells picture and sound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import wearer_names
from firmware_bridge.wearers import RATE_HZ, WearerSource, load_wearer

ENROLLED = 3
AIR_IR, AIR_RED = 1_000, 500
"""To these the slate is added; a finger is above 28,000."""
AIR_SAMPLES = (500, 1_000)
MOST_AIR_COUNTS = AIR_IR + AIR_SAMPLES[1]
"""Infrared."""
OWNER_S, STRANGER_S = (60.0, 180.0), (20.0, 35.0)
"""Fewer tries of a stranger than lock everybody out: a lockout would leave nothing to compare."""
SURE = 125
"""Samples of a slate, one after the other, that are believed."""
_KEPT = 4


@dataclass(frozen=True, slots=True, eq=False)
class Sitting:
    """One wearer, from before the sensor is put on until it is taken off."""

    number: int
    wearer: str
    is_enrolled: bool
    air: NDArray[np.int32]
    """(m, 2) IR and RED of the slate."""
    worn: NDArray[np.int32]
    """(n, 2) of the sitting."""


class Sittings:
    """The sittings of one seed, by number; those whose number is even are of people who are `enrolled`."""

    def __init__(self, seed: int) -> None:
        names = wearer_names()
        self.enrolled, self._strangers = names[:ENROLLED], names[ENROLLED:]
        self._seed = seed
        self.sitting = lru_cache(_KEPT)(self._sitting)

    def _sitting(self, number: int) -> Sitting:
        random = Random(f"{self._seed} {number}")
        is_enrolled = number % 2 == 0
        wearer = random.choice(self.enrolled if is_enrolled else self._strangers)
        seconds = random.uniform(*(OWNER_S if is_enrolled else STRANGER_S))
        source = WearerSource(load_wearer(wearer), seed=random.randrange(1, 1 << 32))
        left = np.arange(random.randint(*AIR_SAMPLES), 0, -1, dtype=np.int32)
        air = np.stack([AIR_IR + left, np.full_like(left, AIR_RED + number)], axis=1)
        return Sitting(number, wearer, is_enrolled, air, source.read(round(seconds * RATE_HZ)))


class WornSensor:
    """A `PulseSource` that measures one sitting after the other; `lived` are the samples it has given."""

    rate_hz = RATE_HZ

    def __init__(self, sittings: Sittings) -> None:
        self._parts = _parts(sittings)
        self._ready = np.empty((0, 2), np.int32)
        self.lived = 0

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see `PulseSource`."""
        while len(self._ready) < count:
            self._ready = np.concatenate([self._ready, next(self._parts)])
        counts, self._ready = self._ready[:count], self._ready[count:]
        self.lived += count
        return counts

    def rewind(self) -> None:
        """Go on: a sensor that is worn has no beginning."""


def _parts(sittings: Sittings) -> Iterator[NDArray[np.int32]]:
    number = 0
    while True:
        sitting = sittings.sitting(number)
        yield sitting.air
        yield sitting.worn
        number += 1


class OneSitting:
    """A `PulseSource` of one sitting alone, from `before` samples before it on, and nothing after it."""

    rate_hz = RATE_HZ

    def __init__(self, sitting: Sitting, before: int) -> None:
        self._counts = np.concatenate([sitting.air[-before:], sitting.worn])
        self._next = 0

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see `PulseSource`."""
        part = self._counts[self._next : self._next + count]
        self._next += len(part)
        return part

    def rewind(self) -> None:
        """Begin again."""
        self._next = 0


class Slate:
    """Reads the slate sample by sample, of a stream without holes; `begin` forgets what was read."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A hole, or another epoch."""
        self.run, self._number, self._left = 0, -1, 0

    def take(self, ir_counts: int, red_counts: int) -> int | None:
        """The next sample: the number of the sitting whose first one it is, else None.

        A number is told only after `SURE` samples of a slate: a sensor whose clock is off by 2 % shows some of them
        twice or not at all.
        """
        left, number = ir_counts - AIR_IR, red_counts - AIR_RED
        begins = self._number if self._left == 1 and self.run >= SURE else None
        if not (0 < left <= AIR_SAMPLES[1] and number >= 0):
            self.begin()
            return begins
        self.run = self.run + 1 if number == self._number and left == self._left - 1 else 1
        self._number, self._left = number, left
        return None
