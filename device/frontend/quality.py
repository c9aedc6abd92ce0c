"""How good one window is, and what is wrong with it when it is not."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from device.frontend.spec import QualitySpec

Floats = NDArray[np.float64]

FASTEST_PULSE_HZ = 3.0
"""180 beats a minute: a shorter period is taken for a harmonic or noise."""
SLOWEST_PULSE_HZ = 2.0 / 3.0
"""40 beats a minute: of a slower pulse a 2.4-s window holds less than one and a half beats to compare."""
_ROUNDING = 1e-9


class Reason(StrEnum):
    """Why a window is not embedded."""

    GAP = "gap"
    NO_FINGER = "no finger"
    SATURATED = "saturated"
    WEAK_PULSE = "weak pulse"
    MOTION = "motion"
    IRREGULAR = "irregular"


@dataclass(frozen=True, slots=True)
class Quality:
    """A signal quality index in [0, 1]; ``reason`` is None where the window may be embedded."""

    sqi: float
    reason: Reason | None = None

    @property
    def good(self) -> bool:
        """Whether the window may be embedded."""
        return self.reason is None


def assess(
    filtered: Floats,
    raw: Floats,
    interpolated_fraction: float,
    rate_hz: float,
    spec: QualitySpec,
    *,
    counts: bool,
) -> Quality:
    """Judge one window; the first reason found, from the sensor inwards, is the one told.

    Args:
        filtered: (n,) band-passed samples, before standardisation.
        raw: (n,) the samples before the filter.
        interpolated_fraction: share of the window that came from interpolation, 0 to 1.
        rate_hz: of both arrays.
        spec: the bounds.
        counts: whether `raw` is a sensor's counts, so that its light can be judged.
    """
    spread = float(filtered.std())
    reason = _sensor_reason(raw, spread, spec) if counts else None
    if interpolated_fraction > spec.max_interpolated_fraction:
        reason = Reason.GAP
    if reason is not None:
        return Quality(0.0, reason)
    # A constant leaves only the filter's rounding, or an offset of it: relative to what came in, whatever its unit.
    if not spread > _ROUNDING * float(np.abs(raw).max()):
        return Quality(0.0, Reason.WEAK_PULSE)
    periodic = periodicity(filtered, rate_hz)
    sqi = min(1.0, max(0.0, periodic))
    centred = filtered - filtered.mean()
    half = centred.size // 2
    loud, quiet = sorted((float(centred[:half].std()), float(centred[half:].std())), reverse=True)
    if float(np.abs(centred).max()) > spec.max_crest * spread or loud > spec.max_imbalance * quiet:
        return Quality(sqi, Reason.MOTION)
    if periodic < spec.min_periodicity:
        return Quality(sqi, Reason.IRREGULAR)
    return Quality(sqi)


def _sensor_reason(raw_counts: Floats, spread: float, spec: QualitySpec) -> Reason | None:
    if float(raw_counts.mean()) < spec.min_finger_counts:
        return Reason.NO_FINGER
    if float(raw_counts.max()) >= spec.saturation_counts:
        return Reason.SATURATED
    if spread < spec.min_pulse_counts:
        return Reason.WEAK_PULSE
    return None


def periodicity(filtered: Floats, rate_hz: float) -> float:
    """Highest peak of the window's correlation with itself, over lags of 40 to 180 beats a minute.

    Args:
        filtered: (n,) band-passed samples.
        rate_hz: their rate.

    Returns:
        Pearson's r of the two overlapping parts at the best lag, 0 where it has no peak.
    """
    x = filtered - filtered.mean()
    n = x.size
    low = int(rate_hz / FASTEST_PULSE_HZ)
    high = min(int(rate_hz / SLOWEST_PULSE_HZ) + 1, n - 2)
    lags = np.arange(low, high + 1)
    overlap = n - lags
    products = np.correlate(x, x, "full")[n - 1 + lags]
    sums = np.concatenate(([0.0], np.cumsum(x)))
    squares = np.concatenate(([0.0], np.cumsum(x * x)))
    head, tail = sums[overlap], sums[n] - sums[lags]
    head_power = squares[overlap] - head * head / overlap
    tail_power = squares[n] - squares[lags] - tail * tail / overlap
    scale = np.sqrt(np.maximum(head_power * tail_power, 0.0))
    r = np.divide(products - head * tail / overlap, scale, out=np.zeros(lags.size), where=scale > 0.0)
    peaks = (r[1:-1] >= r[:-2]) & (r[1:-1] > r[2:])
    return float(r[1:-1][peaks].max()) if peaks.any() else 0.0
