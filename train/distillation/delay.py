"""How much later than the heart's current the pulse arrives at the finger."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

Floats = NDArray[np.float64]

MAX_DELAY_S = 0.8
"""Monitors add a delay of their own to the pulse's way; hospitals differ, 0.3 to 0.55 s have been seen."""
QRS_BAND_HZ = (8.0, 20.0)
PULSE_BAND_HZ = (0.7, 8.0)


def delay_of(ecg: Floats, ppg: Floats, rate_hz: float) -> float:
    """The lag in seconds at which the pulse's upstroke best follows the QRS complex, 0 where nothing can be told.

    Args:
        ecg: (n,) NaN where missing.
        ppg: (n,) of the same seconds.
        rate_hz: of both.
    """
    both = np.isfinite(ecg) & np.isfinite(ppg)
    if both.sum() < 10 * rate_hz:
        return 0.0
    beats = _band(np.where(both, ecg, np.nanmean(ecg[both])), QRS_BAND_HZ, rate_hz) ** 2
    upstroke = np.maximum(np.gradient(_band(np.where(both, ppg, np.nanmean(ppg[both])), PULSE_BAND_HZ, rate_hz)), 0.0)
    # Ranks would be sturdier still, but one bound keeps a pacing spike from outweighing every beat.
    beats = np.minimum(beats, np.quantile(beats, 0.99)) * both
    upstroke = np.minimum(upstroke, np.quantile(upstroke, 0.99)) * both
    beats, upstroke = beats - beats.mean(), upstroke - upstroke.mean()
    lags = range(round(MAX_DELAY_S * rate_hz) + 1)
    products = [float(beats[: beats.size - lag] @ upstroke[lag:]) for lag in lags]
    return int(np.argmax(products)) / rate_hz


def _band(signal: Floats, band_hz: tuple[float, float], rate_hz: float) -> Floats:
    return np.asarray(sosfiltfilt(butter(2, band_hz, "bandpass", fs=rate_hz, output="sos"), signal))
