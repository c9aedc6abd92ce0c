"""The last half minute of both channels since a finger lies on the sensor, on one clock."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from device.frontend.clock import ClockRegression
from firmware_bridge import SampleBlock

Floats = NDArray[np.float64]

SPAN_S = 30.0
"""Thirty beats or so: enough to judge their spread."""
MAX_RATE_HZ = 1100.0
"""No board sends more, see device.frontend.board: 33,000 samples of two channels, 264 kB, are the most that is kept."""
MAX_GAP_S = 0.1
"""A longer gap begins the stretch anew, as in the front end; a shorter one is bridged by a straight line."""
FINGER_COUNTS = 30_000
"""Mean infrared of a block under which no finger is on the sensor, as in the front end."""
JUDGED_EACH_S = 1.0


class Recent:
    """Both channels' newest samples, without a gap; another epoch, a long gap or no finger begins anew."""

    def __init__(self) -> None:
        self._epoch: int | None = None
        self.clear()

    def clear(self) -> None:
        """Forget the samples, and the clock's rate with them."""
        self._parts: deque[NDArray[np.int32]] = deque()
        self._held = 0
        self._next_index = 0
        self._unjudged = 0
        self._clock = ClockRegression()

    def take(self, block: SampleBlock) -> bool:
        """Add a block; whether another second of signal has come, so that it is time to judge again."""
        missing = block.index - self._next_index
        too_long = missing > MAX_GAP_S * (self.rate_hz or 1.0 / MAX_GAP_S)
        if block.epoch != self._epoch or (self._parts and (missing < 0 or too_long)):
            self.clear()
        self._epoch = block.epoch
        if block.ir_counts.mean() < FINGER_COUNTS:
            self.clear()
            return False
        pairs = np.stack([block.ir_counts, block.red_counts], axis=1)
        if self._parts and missing:
            self._append(_bridge(self._parts[-1][-1], pairs[0], missing))
        self._append(pairs)
        self._next_index = block.index + len(pairs)
        self._clock.update(block.clock_index, block.t_us)
        most = SPAN_S * (self.rate_hz or MAX_RATE_HZ)
        while self._held - len(self._parts[0]) >= most:
            self._held -= len(self._parts.popleft())
        due = self.rate_hz is not None and self._unjudged >= JUDGED_EACH_S * self.rate_hz
        if due:
            self._unjudged = 0
        return due

    def _append(self, pairs: NDArray[np.int32]) -> None:
        self._parts.append(pairs)
        self._held += len(pairs)
        self._unjudged += len(pairs)

    @property
    def rate_hz(self) -> float | None:
        """The measured rate of the samples, None in the first two seconds."""
        return self._clock.rate_hz

    def counts(self) -> Floats:
        """IR and RED, shape (n, 2)."""
        return np.concatenate([np.empty((0, 2), np.int32), *self._parts]).astype(np.float64)


def _bridge(before: NDArray[np.int32], after: NDArray[np.int32], missing: int) -> NDArray[np.int32]:
    share = np.arange(1, missing + 1)[:, None] / (missing + 1)
    return np.rint(before + share * (after - before)).astype(np.int32)
