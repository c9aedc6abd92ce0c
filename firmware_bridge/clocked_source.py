"""A source measured by a sensor whose clock is off: the same pulse, at other times."""

import math

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.protocol import MAX_COUNTS
from firmware_bridge.sources import LOST, PulseSource

MAX_CLOCK_ERROR = 0.04
"""The MAX30102's own clock may be off by this."""
HALF_TAPS = 16
"""Samples on each side that make one: a Hann-windowed sinc that is flat over all a pulse has."""
BLOCK_SAMPLES = 4096
"""Made at once: what is read in one piece may be a whole recording."""


class ClockedSource:
    """``source`` sampled at ``rate_hz * (1 + clock_error)``, the same counts in whatever portions they are read.

    A sample between two of which one is lost is lost; the others are made of what there is. The board's
    nominal rate remains the source's: ``LightBoard(ClockedSource(source, e), nominal_rate_hz=source.rate_hz)``.

    Raises:
        ValueError: ``clock_error`` is beyond 4 %.
    """

    def __init__(self, source: PulseSource, clock_error: float) -> None:
        if not abs(clock_error) <= MAX_CLOCK_ERROR:
            raise ValueError(f"a clock error of {clock_error}: should be within {MAX_CLOCK_ERROR:g} of 0")
        self._source = source
        self._stretch = 1.0 + clock_error
        self._held = np.empty((0, 2), np.int32)
        self._first = self._made = 0

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._source.rate_hz * self._stretch

    def rewind(self) -> None:
        """Begin again."""
        self._source.rewind()
        self._held = self._held[:0]
        self._first = self._made = 0

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``sources.PulseSource``; the last lies between the source's last two."""
        parts = [np.empty((0, 2), np.int32)]
        while count > 0:
            wanted = min(count, BLOCK_SAMPLES)
            parts.append(self._read(wanted))
            count = count - wanted if len(parts[-1]) == wanted else 0
        return np.concatenate(parts)

    def _read(self, count: int) -> NDArray[np.int32]:
        positions = np.arange(self._made, self._made + count) / self._stretch
        self._hold(math.ceil(positions[-1]) + HALF_TAPS)
        counts = self._interpolate(positions[np.ceil(positions) < self._first + len(self._held)])
        self._made += len(counts)
        drop = max(0, math.floor(self._made / self._stretch) - HALF_TAPS - self._first)
        self._held = self._held[drop:]
        self._first += drop
        return counts

    def _hold(self, last: int) -> None:
        """Have the source's samples up to ``last``."""
        missing = last + 1 - self._first - len(self._held)
        if missing > 0:
            self._held = np.concatenate([self._held, self._source.read(missing)])

    def _interpolate(self, positions: NDArray[np.float64]) -> NDArray[np.int32]:
        below = np.floor(positions).astype(np.int64)
        above = np.ceil(positions).astype(np.int64)
        taps = below[:, None] + np.arange(1 - HALF_TAPS, HALF_TAPS + 1)
        inside = (taps >= self._first) & (taps < self._first + len(self._held))
        values = self._held[np.where(inside, taps - self._first, 0)]
        present = inside & (values[..., 0] != LOST)
        distance = positions[:, None] - taps
        cutoff = min(1.0, self._stretch)
        window = np.cos(np.pi / 2 * np.clip(distance / HALF_TAPS, -1.0, 1.0)) ** 2
        weights = np.where(present, np.sinc(cutoff * distance) * window, 0.0)
        lost = (self._held[below - self._first, 0] == LOST) | (self._held[above - self._first, 0] == LOST)
        total = np.where(lost, 1.0, weights.sum(axis=1))
        sums = np.einsum("ij,ijk->ik", weights, values.astype(np.float64))
        counts = np.clip(np.rint(sums / total[:, None]), 0, MAX_COUNTS).astype(np.int32)
        return np.where(lost[:, None], np.int32(LOST), counts)
