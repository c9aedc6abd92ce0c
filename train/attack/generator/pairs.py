"""What the generator learns from and works on: ECG and pulse of the same seconds, filtered without delay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from train.distillation.delay import delay_of
from train.synchronous import ECG_BAND_HZ, SynchronousRecording

Floats = NDArray[np.float64]

PULSE_BAND_HZ = (0.3, 15.0)
"""Wider than the device's own band, which then does not cut a second time at the same edges."""
ORDER = 2
MIN_SAMPLES = 1024
"""8.2 s: the least stretch without a gap that teaches, and the length of what the network is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Both signals of one person without a gap, (n,) float32 each; the pulse moved to where the ECG is."""

    subject: str
    ecg: NDArray[np.float32]
    ppg: NDArray[np.float32]


def stretches_of(recordings: Sequence[SynchronousRecording]) -> list[Stretch]:
    """All that can teach: those without an ECG that may teach, and what is shorter than 8.2 s, are left out.

    The delay from heart to finger, of which a monitor is part, is taken out of each recording: the device does not
    see it, and a network that has to guess it blurs every upstroke.
    """
    return [stretch for one in recordings if one.ecg is not None for stretch in _stretches(one, one.ecg)]


def _stretches(one: SynchronousRecording, ecg: Floats) -> list[Stretch]:
    recording = one.identity.recording
    late = round(delay_of(ecg, recording.ppg, recording.rate_hz) * recording.rate_hz)
    ppg, early = recording.ppg[late:], ecg[: ecg.size - late]
    return [
        Stretch(
            recording.subject,
            filtered(early[first:last], ECG_BAND_HZ, recording.rate_hz).astype(np.float32),
            filtered(ppg[first:last], PULSE_BAND_HZ, recording.rate_hz).astype(np.float32),
        )
        for first, last in whole(np.isfinite(early) & np.isfinite(ppg))
        # A lead that fell off is a line, and teaches nothing.
        if np.ptp(early[first:last]) > 0 and np.ptp(ppg[first:last]) > 0
    ]


def whole(present: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and past the last of each run of at least ``MIN_SAMPLES`` samples that are there."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], present, [False]))))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(first, last) for first, last in runs if last - first >= MIN_SAMPLES]


def filtered(signal: Floats, band_hz: tuple[float, float], rate_hz: float) -> Floats:
    """(n,) within a band, there and back, so that nothing is moved in time."""
    sections = butter(ORDER, band_hz, "bandpass", fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sections, signal), dtype=np.float64)
