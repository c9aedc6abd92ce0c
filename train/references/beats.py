"""The beats of one window: systolic peaks by NeuroKit2, the feet between them, and their mean on a grid of phase."""

import itertools
from dataclasses import dataclass

import neurokit2 as nk
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from train.frontend_design import RATE_HZ

Floats = NDArray[np.float64]

PHASES = 128
"""Steps from foot to foot."""
SHORTEST_S, LONGEST_S = 0.3, 2.0
"""Between feet: 200 and 30 beats a minute."""

LEAD = 40
"""Samples of silence before a window, 0.32 s."""


@dataclass(frozen=True, slots=True, eq=False)
class MeanBeat:
    """The mean of a window's whole beats, each from foot to foot, the line between its feet taken off, 0 to 1."""

    shape: Floats
    """(PHASES,)."""
    acceleration: Floats
    """(PHASES,) its second derivative by phase."""
    length_s: float
    peak: int
    """Step of the systolic peak."""


def mean_beat(pulse: NDArray[np.float32]) -> MeanBeat | None:
    """The mean beat of a window (n,) at 125 Hz; None where it holds no whole beat."""
    signal = pulse.astype(np.float64)
    bounds = [
        (first, last)
        for first, last in itertools.pairwise(feet(signal, systolic_peaks(signal)))
        if SHORTEST_S <= (last - first) / RATE_HZ <= LONGEST_S
    ]
    if not bounds:
        return None
    spline = CubicSpline(np.arange(signal.size), signal)
    shapes, accelerations = zip(*(_one_beat(spline, first, last) for first, last in bounds), strict=True)
    shape = np.mean(shapes, axis=0)
    return MeanBeat(
        shape=shape,
        acceleration=np.mean(accelerations, axis=0),
        length_s=float(np.mean([last - first for first, last in bounds])) / RATE_HZ,
        peak=int(np.argmax(shape)),
    )


def systolic_peaks(signal: Floats) -> NDArray[np.intp]:
    """Where the pulse is highest in each beat, (k,) samples.

    Source: Elgendi et al. 2013, doi:10.1371/journal.pone.0076585, as NeuroKit2 has it.
    """
    # NeuroKit2 finds no peak within 0.3 s of the beginning, so the window begins later.
    padded = np.concatenate((np.zeros(LEAD), signal))
    try:
        found = nk.ppg_findpeaks(padded, sampling_rate=round(RATE_HZ), method="elgendi")["PPG_Peaks"]
    except IndexError:  # what it raises where no wave begins
        found = []
    peaks = np.asarray(found, dtype=np.intp) - LEAD
    return peaks[peaks > 0]


def feet(signal: Floats, peaks: NDArray[np.intp]) -> list[int]:
    """The lowest sample before, between and behind the peaks of a standardised window.

    None at a window's end, where it may be cut off, and behind the last peak only if the pulse rises above 0 again.
    """
    bounds = [0, *peaks.tolist(), signal.size]
    lowest = [low + int(np.argmin(signal[low:high])) for low, high in itertools.pairwise(bounds)]
    return [foot for foot in lowest if foot > 0 and signal[foot:].max() > 0.0]


def _one_beat(spline: CubicSpline, first: int, last: int) -> tuple[Floats, Floats]:
    phase = np.arange(PHASES) / PHASES
    at = first + phase * (last - first)
    low, high = spline(first), spline(last)
    beat = spline(at) - (low + (high - low) * phase)
    size = float(beat.max())
    # A straight line has no height; its beat is 0 throughout.
    scale = 1.0 / size if size > 0.0 else 0.0
    return scale * beat, scale * spline(at, 2) * (last - first) ** 2
