"""When the beats of a pulse come: the steepest point of each upstroke, between samples."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SMOOTHING_S = 0.08
"""A moving mean over this: an upstroke takes 0.1-0.2 s."""
SLOPE_S = 0.08
"""The slope is a difference over this."""
LONGEST_BEAT_S = 1.5
"""40 beats a minute: each stretch so long holds an upstroke."""
SHORTEST_BEAT_S = 0.3
"""200 beats a minute: of two upstrokes nearer than this one is a notch or noise."""
LEAST_HEIGHT = 0.5
"""Of the ordinary upstroke's slope; a dicrotic notch has less."""


def moving_mean(values: Floats, width: int) -> Floats:
    """(n - width + 1,) means over `width` consecutive values of (n,)."""
    sums = np.concatenate(([0.0], np.cumsum(values - values[0])))
    return np.asarray(values[0] + (sums[width:] - sums[:-width]) / width)


def slopes(values: Floats, rate_hz: float) -> Floats:
    """(m,), m < n: by how much the smoothed values (n,) rise over SLOPE_S, in their unit; empty if they are few."""
    width, step = max(1, round(SMOOTHING_S * rate_hz)), max(1, round(SLOPE_S * rate_hz))
    if values.size < width + step + 1:
        return np.empty(0)
    smooth = moving_mean(values, width)
    return smooth[step:] - smooth[:-step]


def beat_times(pulse: Floats, rate_hz: float) -> Floats:
    """Seconds (k,) of the beats in a pulse (n,) that points up, from an origin that is the same for all of them."""
    slope = slopes(pulse, rate_hz)
    stretch = round(LONGEST_BEAT_S * rate_hz)
    if slope.size < stretch:
        return np.empty(0)
    whole = slope[: slope.size // stretch * stretch].reshape(-1, stretch)
    height = LEAST_HEIGHT * float(np.median(whole.max(axis=1)))
    tops = np.flatnonzero((slope[1:-1] > slope[:-2]) & (slope[1:-1] >= slope[2:]) & (slope[1:-1] > height)) + 1
    times: list[float] = []
    heights: list[float] = []
    for at in tops.tolist():
        before, top, after = slope[at - 1 : at + 2].tolist()
        # The top of the parabola through the three: a beat's time is not a multiple of the sampling period.
        time_s = (at + 0.5 * (before - after) / (before - 2 * top + after)) / rate_hz
        if times and time_s - times[-1] < SHORTEST_BEAT_S:
            if top > heights[-1]:
                times[-1], heights[-1] = time_s, top
            continue
        times.append(time_s)
        heights.append(top)
    return np.array(times)
