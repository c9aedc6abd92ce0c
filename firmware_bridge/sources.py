"""What a simulated board measures: counts of a recording, or of a simulated wearer."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.protocol import MAX_COUNTS
from firmware_bridge.recordings.recording import LOST_COUNTS, Recording

DC_IR_COUNTS, DC_RED_COUNTS = 120_000.0, 100_000.0
"""A finger in the middle of the 18-bit range, as a board with automatic LED current keeps it."""
AC_IR_COUNTS = 3_000.0
"""Peak to peak: 2.5 % perfusion, an ordinary finger."""
RED_AC_RATIO = 0.5 * DC_RED_COUNTS / DC_IR_COUNTS
"""A ratio of ratios of 0.5, which oximeters read as 98 % saturation."""
LOW_PERCENTILE, HIGH_PERCENTILE = 5.0, 95.0
"""Between these lies the pulse: motion, which is rare and large, does not set the scale."""


class PulseSource(Protocol):
    """Something that a board can measure, sample by sample."""

    @property
    def rate_hz(self) -> float:
        """Samples a second."""

    def read(self, count: int) -> NDArray[np.int32]:
        """The next IR and RED counts, shape (m, 2), m = ``count``, or less at the end; -1 is a lost one."""

    def rewind(self) -> None:
        """Begin again."""


LOST = -1
"""In the place of counts: the sensor measured nothing."""


def to_counts(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Whole counts within 18 bits, ``LOST`` for NaN."""
    whole = np.clip(np.rint(np.nan_to_num(values)), 0, MAX_COUNTS).astype(np.int32)
    return np.where(np.isnan(values), np.int32(LOST), whole)


class RecordingSource:
    """A recording as counts, its rate its own: a board's own counts where it kept them and they fit 18 bits, else
    the pulse turned downwards, its robust height 3000 counts.

    Raises:
        RecordingError: NO_SIGNAL if every sample is missing.
    """

    def __init__(self, recording: Recording) -> None:
        present = recording.ppg[~np.isnan(recording.ppg)]
        if len(present) == 0:
            raise RecordingError(RecordingReason.NO_SIGNAL, f"{recording.record} has no sample that is not missing")
        measured = _measured_counts(recording)
        self._counts = _scaled_counts(recording.ppg, present) if measured is None else measured
        self._rate_hz = recording.rate_hz
        self._next = 0

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._rate_hz

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``PulseSource``."""
        part = self._counts[self._next : self._next + count]
        self._next += len(part)
        return part

    def rewind(self) -> None:
        """Begin again."""
        self._next = 0


def _measured_counts(recording: Recording) -> NDArray[np.int32] | None:
    """None if there are none, or if a sketch's numbers are more than a board could send."""
    if recording.counts is None:
        return None
    there = recording.counts[recording.counts != LOST_COUNTS]
    if there.size and (there.min() < 0 or there.max() > MAX_COUNTS):
        return None
    return np.where(recording.counts == LOST_COUNTS, np.int32(LOST), recording.counts)


def _scaled_counts(ppg: NDArray[np.float64], present: NDArray[np.float64]) -> NDArray[np.int32]:
    low, middle, high = np.percentile(present, (LOW_PERCENTILE, 50.0, HIGH_PERCENTILE))
    # A constant signal stays one: a finger without a pulse.
    pulse = (ppg - middle) / (high - low or 1.0)
    ir = to_counts(DC_IR_COUNTS - AC_IR_COUNTS * pulse)
    red = to_counts(DC_RED_COUNTS - RED_AC_RATIO * AC_IR_COUNTS * pulse)
    return np.stack([ir, red], axis=1)
