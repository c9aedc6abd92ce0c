"""Samples with stamps of their own, put on an even grid of time."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.recordings.csv_format import MAX_GAP_RATIO
from train.sources.failing import malformed

GAP_STEPS = 1.5
"""Stamps this many steps apart have samples missing between them."""

Floats = NDArray[np.float64]


def on_grid(where: Path, time_s: Floats, values: Floats) -> tuple[Floats, float]:
    """Each sample at its place in time, NaN where a gap has none, and the rate in Hz.

    The rate is the mean step between samples that follow each other, since single stamps are rounded.

    Args:
        where: the file, for messages.
        time_s: (n,) seconds, always going up.
        values: (n,) samples.

    Raises:
        RecordingError: a stamp is missing or does not go up, or jumps too far to be true.
    """
    steps = np.diff(time_s)
    if not steps.size or not (steps > 0).all():  # a missing stamp is not above zero either
        raise malformed(where, "its time does not always go up; state rate_hz instead")
    ordinary = steps < GAP_STEPS * np.median(steps)
    rate_hz = float(1.0 / steps[ordinary].mean())
    counts = np.where(ordinary, 1, np.maximum(np.round(steps * rate_hz), 1))
    if counts.sum() > MAX_GAP_RATIO * values.size:
        raise malformed(where, "its time jumps too far to be true; state rate_hz instead")
    places = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    grid = np.full(int(places[-1]) + 1, np.nan)
    grid[places] = values
    return grid, rate_hz
