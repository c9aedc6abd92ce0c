"""Beats of recordings: how fast a heart beats, and the mean beat of many people."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from device.presentation.beats import beat_times
from firmware_bridge.recordings import Recording
from train.attack.generator.pairs import PULSE_BAND_HZ, filtered, whole
from train.errors import TrainError, TrainReason

Floats = NDArray[np.float64]

BEAT_SAMPLES = 128
"""As a simulated wearer's beat has."""
MIN_BEATS = 10
"""Of fewer neither a rate nor a mean beat is told."""


def heart_rate_bpm(recording: Recording) -> float | None:
    """Beats a minute by the median interval, None where there are too few of them."""
    intervals = np.concatenate([np.empty(0), *(np.diff(times) for _, times in _beating(recording))])
    return 60.0 / float(np.median(intervals)) if intervals.size >= MIN_BEATS else None


def mean_beat(recordings: Sequence[Recording]) -> NDArray[np.float32]:
    """One beat (128,) from upstroke to upstroke, 0 to 1: the mean over people of each one's mean beat.

    Raises:
        TrainError: TOO_FEW_PEOPLE, nobody has beats enough.
    """
    own = [beat for one in recordings if (beat := _own_beat(one)) is not None]
    if not own:
        raise TrainError(TrainReason.TOO_FEW_PEOPLE, "no training person has a pulse to take a mean beat of; give more")
    mean = np.mean(own, axis=0)
    phase = np.arange(BEAT_SAMPLES) / BEAT_SAMPLES
    # From beat to beat without a step: what the last sample lacks to the first's next is spread over the beat.
    closed = mean - phase * (mean[-1] + (mean[-1] - mean[-2]) - mean[0])
    return np.asarray((closed - closed.min()) / np.ptp(closed), dtype=np.float32)


def _own_beat(recording: Recording) -> Floats | None:
    """(128,) of standard deviation 1."""
    beats = [
        np.interp(np.linspace(begin, end, BEAT_SAMPLES, endpoint=False), np.arange(pulse.size), pulse)
        for pulse, times in _beating(recording)
        for begin, end in pairwise((times * recording.rate_hz).tolist())
    ]
    if len(beats) < MIN_BEATS:
        return None
    mean = np.mean(beats, axis=0)
    return np.asarray((mean - mean.mean()) / mean.std())


def _beating(recording: Recording) -> list[tuple[Floats, Floats]]:
    """Each stretch without a gap, filtered, with the times of its beats in seconds."""
    stretches = [recording.ppg[first:last] for first, last in whole(np.isfinite(recording.ppg))]
    pulses = [filtered(one, PULSE_BAND_HZ, recording.rate_hz) for one in stretches if np.ptp(one) > 0]
    return [(pulse, beat_times(pulse, recording.rate_hz)) for pulse in pulses]
