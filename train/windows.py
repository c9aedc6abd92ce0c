"""Windows to train on: the device's own front end over every recording."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.frontend import FrontEndSpec, windows_of
from firmware_bridge.recordings import Recording


@dataclass(frozen=True, slots=True, eq=False)
class PersonWindows:
    """The good windows of one person, in order of time."""

    subject: str
    pulse: NDArray[np.float32]
    """(n, window_samples)."""


def good_windows(recording: Recording, spec: FrontEndSpec) -> PersonWindows:
    """The windows of one recording that the device would embed."""
    good = [window.pulse for window in windows_of(recording.ppg, recording.rate_hz, spec) if window.quality.good]
    pulse = np.stack(good) if good else np.empty((0, spec.window_samples), dtype=np.float32)
    return PersonWindows(recording.subject, pulse)


def training_spec(spec: FrontEndSpec, hop_samples: int, warp: float) -> FrontEndSpec:
    """The front end with longer, overlapping windows, so that time can be stretched and the crop moved.

    Args:
        spec: the device's front end.
        hop_samples: hop of the windows.
        warp: largest factor that time is stretched by; windows grow by it and a tenth more to move the crop in.
    """
    return replace(spec, window_samples=round(spec.window_samples * (1.1 + warp)), hop_samples=hop_samples)
