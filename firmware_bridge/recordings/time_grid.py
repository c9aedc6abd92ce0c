"""Samples with stamps of their own, put on an even grid of time."""

import numpy as np
from numpy.typing import NDArray

GAP_STEPS = 1.5
"""Stamps this many steps apart have samples missing between them."""
MAX_GAP_RATIO = 20
"""Twenty times more missing samples than measured ones mean a wrong time, not gaps to be filled."""

Floats = NDArray[np.float64]


class UnevenTimeError(ValueError):
    """Stamps that are no time; its words say what they do, for a reader to name the file before them."""


def on_grid(time_s: Floats, values: Floats) -> tuple[Floats, float]:
    """Each sample at its place in time, NaN where a gap has none, and the rate in Hz.

    Args:
        time_s: (n,) seconds, always going up.
        values: (n,) samples.

    Raises:
        UnevenTimeError: a stamp is missing or does not go up, or jumps too far to be true.
    """
    with np.errstate(over="ignore"):
        steps = np.diff(time_s)
    if not steps.size or not (steps > 0).all():  # a missing stamp is not above zero either
        raise UnevenTimeError("does not always go up")
    # Stamps rounded to hundredths of a second make the median step coarse; the mean of the ordinary is exact.
    ordinary = steps < GAP_STEPS * np.median(steps)
    with np.errstate(all="ignore"):  # steps near the ends of what a float can be: the rate is refused below
        rate_hz = float(1.0 / steps[ordinary].mean())
        counts = np.where(ordinary, 1, np.maximum(np.round(steps * rate_hz), 1))
    if not (np.isfinite(rate_hz) and counts.sum() <= MAX_GAP_RATIO * values.size):
        raise UnevenTimeError("jumps too far to be true")
    places = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    grid = np.full(int(places[-1]) + 1, np.nan)
    grid[places] = values
    return grid, rate_hz
