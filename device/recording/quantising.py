"""Counts in 16 bits: exact where their range allows it, else in steps of a power of two."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.recordings.cohort import MISSING
from firmware_bridge.recordings.recording import LOST_COUNTS

_WIDEST = 2 * np.iinfo(np.int16).max


@dataclass(frozen=True, slots=True)
class Quantiser:
    """A pulse that points up, -IR, is `step * (value - zero)`: `value` fits 16 bits."""

    step: int
    zero: int

    @classmethod
    def of(cls, ir_range: tuple[int, int]) -> "Quantiser":
        """The finest for IR counts between two, inclusive."""
        step = 1
        while (ir_range[1] - ir_range[0]) // step + 2 > _WIDEST:
            step *= 2
        return cls(step, round((ir_range[0] + ir_range[1]) / (2 * step)))

    def values(self, ir_counts: NDArray[np.int32]) -> NDArray[np.int16]:
        """(n,) of the same, `MISSING` for a missing count."""
        steps = np.rint(-ir_counts.astype(np.float64) / self.step) + self.zero
        return np.where(ir_counts == LOST_COUNTS, MISSING, steps).astype(np.int16)
