"""What many timed calls come to."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Latency:
    """Of all calls of one row; each quantile is a time that was measured, the least that enough calls keep to."""

    median_us: float
    p95_us: float
    p99_us: float
    windows_per_s: float
    """Calls over the time they took together."""

    @classmethod
    def of(cls, times_ns: NDArray[np.int64]) -> Self:
        """From the nanoseconds (n,) of n >= 1 calls."""
        rising = np.sort(times_ns)

        def quantile(percent: int) -> float:
            rank = -(-percent * len(rising) // 100)  # in whole numbers, rounded up
            return float(rising[rank - 1]) / 1e3

        return cls(quantile(50), quantile(95), quantile(99), 1e9 * len(rising) / float(rising.sum()))
