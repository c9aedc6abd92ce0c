"""The generator at work: a stretch of ECG to the pulse of the same seconds, and how near that comes to the true one."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from firmware_bridge.recordings import Recording
from train.attack.generator.network import PulseGenerator
from train.attack.generator.pairs import MIN_SAMPLES, PULSE_BAND_HZ, filtered, whole
from train.augment import standardise
from train.synchronous import ECG_BAND_HZ

Floats = NDArray[np.float64]

HOP_SAMPLES = MIN_SAMPLES // 2
MAX_SHIFT_S = 0.6
"""The generated pulse has no delay from heart to finger; the true one has up to this."""


def generated_pulse(network: PulseGenerator, ecg: Floats, beside: Recording) -> Recording:
    """The pulse (n,) that ``network`` makes of ``ecg`` (n,), NaN where that has gaps or stretches below 8.2 s.

    Args:
        network: trained.
        ecg: (n,) at the rate of ``beside``, NaN where missing.
        beside: the recording of the same seconds, which says whose it is and at what rate.
    """
    pulse = np.full(ecg.size, np.nan)
    for first, last in whole(np.isfinite(ecg)):
        part = ecg[first:last]
        if np.ptp(part) > 0:
            pulse[first:last] = _made(network, filtered(part, ECG_BAND_HZ, beside.rate_hz))
    return replace(beside, ppg=pulse, counts=None)


def _made(network: PulseGenerator, ecg: Floats) -> Floats:
    """Windows that overlap by half, faded into each other."""
    firsts = [*range(0, ecg.size - MIN_SAMPLES, HOP_SAMPLES), ecg.size - MIN_SAMPLES]
    windows = np.stack([ecg[first : first + MIN_SAMPLES] for first in firsts]).astype(np.float32)
    with torch.inference_mode():
        made = network(standardise(torch.from_numpy(windows))[:, None])[:, 0].numpy().astype(np.float64)
    fade = np.hanning(MIN_SAMPLES + 2)[1:-1]
    total, weight = np.zeros(ecg.size), np.zeros(ecg.size)
    for first, window in zip(firsts, made, strict=True):
        total[first : first + MIN_SAMPLES] += fade * window
        weight[first : first + MIN_SAMPLES] += fade
    return total / weight


def likeness(made: Floats, true: Floats, rate_hz: float) -> float | None:
    """Pearson's r of two pulses (n,) at the delay of the true one that makes it greatest; None below 8.2 s of both."""
    runs = whole(np.isfinite(made) & np.isfinite(true))
    if not runs:
        return None
    first, last = max(runs, key=lambda run: run[1] - run[0])
    a, b = made[first:last], filtered(true[first:last], PULSE_BAND_HZ, rate_hz)
    shifts = range(round(MAX_SHIFT_S * rate_hz) + 1)
    return max(float(np.corrcoef(a[: a.size - late], b[late:])[0, 1]) for late in shifts)
