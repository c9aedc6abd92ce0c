"""What every reader of recordings gives."""

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError, RecordingReason

LOST_COUNTS = np.iinfo(np.int32).min
"""In the place of counts that were lost; WFDB's format 32 means the same by it."""

FINGERPRINT_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A pulse signal, pulse upwards.

    ``ppg`` has shape (n,), float64, any unit, NaN where a sample is missing. ``counts``, where a board's own were
    kept, has shape (n, 2): IR and RED, ``LOST_COUNTS`` where missing.
    """

    ppg: NDArray[np.float64]
    rate_hz: float
    subject: str
    session: str
    record: str
    counts: NDArray[np.int32] | None = None

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the SHA-256 of its first minute: the same by whatever name, cut short or not."""
        first = self.ppg[: round(FINGERPRINT_S * self.rate_hz)]
        return hashlib.sha256(np.ascontiguousarray(first).tobytes()).hexdigest()[:16]

    def cut(self, start_s: float = 0.0, seconds: float | None = None) -> Self:
        """The part that begins ``start_s`` seconds in and lasts ``seconds``, or to the end.

        Raises:
            RecordingError: NO_SIGNAL if the recording is over by then.
        """
        first = round(start_s * self.rate_hz)
        last = None if seconds is None else first + math.ceil(seconds * self.rate_hz)
        if first >= len(self.ppg):
            raise RecordingError(
                RecordingReason.NO_SIGNAL,
                f"{self.record} lasts {len(self.ppg) / self.rate_hz:.0f} s: it cannot start at {start_s:g} s",
            )
        counts = None if self.counts is None else self.counts[first:last]
        return replace(self, ppg=self.ppg[first:last], counts=counts)


def checked_rate(rate_hz: float, where: str) -> float:
    """``rate_hz`` if it is one that a signal can have.

    Raises:
        RecordingError: BAD_ARRAY otherwise.
    """
    if not (math.isfinite(rate_hz) and rate_hz > 0):
        raise RecordingError(RecordingReason.BAD_ARRAY, f"{where}: a sampling rate of {rate_hz:g} Hz")
    return rate_hz
