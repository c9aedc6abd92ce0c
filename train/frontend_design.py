"""Designs the front end's numbers; the device only reads them from the bundle."""

import numpy as np
from scipy.signal import butter

from device.frontend import FrontEndSpec, QualitySpec

RATE_HZ = 125.0
BAND_HZ = (0.5, 10.0)
"""Below 0.5 Hz lie breathing and baseline (the slowest resting pulse is 0.67 Hz); above 10 Hz a pulse holds almost
nothing, and 10 Hz is still under the Nyquist rate of the slowest sensors supported (25 Hz)."""
ORDER = 2
"""Two poles an edge: steep enough, and settled within a second."""
SETTLE_S = 0.75
"""An 8-second window then still gives three windows of 2.4 s."""


def design() -> FrontEndSpec:
    """The front end that every model of this project is trained with."""
    sections = butter(ORDER, BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
    return FrontEndSpec(
        rate_hz=RATE_HZ,
        window_samples=300,
        hop_samples=300,
        settle_samples=round(SETTLE_S * RATE_HZ),
        sections=tuple(tuple(map(float, row)) for row in np.asarray(sections)),  # type: ignore[misc]
        resampler_zero_crossings=8,
        resampler_cutoff=0.9,
        max_gap_ms=100.0,
        quality=QualitySpec(
            min_finger_counts=30_000.0,
            saturation_counts=262_143.0,
            min_pulse_counts=20.0,
            max_interpolated_fraction=0.1,
            max_crest=3.5,
            max_imbalance=2.0,
            min_periodicity=0.85,
        ),
    )
