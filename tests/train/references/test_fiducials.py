"""Fiducial points on pulses whose points are known."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from train.references.beats import PHASES, MeanBeat, feet, mean_beat, systolic_peaks
from train.references.fiducials import FEATURES, SHAPE_POINTS, features, features_of, find_waves

PERIOD = 100
"""Samples: 0.8 s."""
CREST = 30
"""Samples from foot to systolic peak."""


def sawtooth(first_foot: int = 10, samples: int = 300) -> NDArray[np.float32]:
    """Straight up from each foot to its crest, straight down to the next foot; heights -1 and 1."""
    phase = (np.arange(samples) - first_foot) % PERIOD
    up, down = phase / CREST, (PERIOD - phase) / (PERIOD - CREST)
    return (2.0 * np.minimum(up, down) - 1.0).astype(np.float32)


def smooth_beat() -> MeanBeat:
    """A beat whose second derivative is a cosine of two cycles: maxima at 0 and 1/2, minima at 1/4 and 3/4."""
    phase = np.arange(PHASES) / PHASES
    shape = np.sin(np.pi * phase) ** 2
    return MeanBeat(shape, np.cos(4 * np.pi * (phase - 1 / 16)), 0.8, PHASES // 2)


def test_peaks_and_feet_are_where_they_were_put() -> None:
    signal = sawtooth().astype(np.float64)
    peaks = systolic_peaks(signal)
    assert peaks.tolist() == [40, 140, 240]
    assert feet(signal, peaks) == [10, 110, 210]


def test_no_foot_at_a_windows_end() -> None:
    signal = sawtooth(first_foot=0).astype(np.float64)  # the last sample is one before a foot, and the lowest so far
    assert feet(signal, systolic_peaks(signal)) == [100, 200]


def test_the_mean_beat_is_the_one_that_was_repeated() -> None:
    beat = mean_beat(sawtooth())
    assert beat is not None
    assert math.isclose(beat.length_s, PERIOD / 125.0)
    assert abs(beat.peak / PHASES - CREST / PERIOD) <= 1 / PHASES
    phase = np.arange(PHASES) / PHASES
    expected = np.minimum(phase * PERIOD / CREST, (1 - phase) * PERIOD / (PERIOD - CREST))
    assert np.allclose(beat.shape, expected, atol=0.03)


def test_height_and_drift_of_a_beat_do_not_matter() -> None:
    plain, drifting = mean_beat(sawtooth()), mean_beat(3.0 * sawtooth() + np.linspace(0, 0.3, 300, dtype=np.float32))
    assert plain is not None
    assert drifting is not None
    assert np.allclose(plain.shape, drifting.shape, atol=0.03)


@pytest.mark.parametrize(
    "pulse",
    [
        np.zeros(300),
        -np.ones(300),
        np.linspace(-1.0, 1.0, 300),
        np.exp(-0.5 * ((np.arange(300) - 150) / 9.0) ** 2) - 0.1,  # one peak, and no second foot
    ],
)
def test_a_window_without_a_whole_beat_has_no_features(pulse: NDArray[np.float64]) -> None:
    assert features(pulse.astype(np.float32)) is None


def test_waves_are_maxima_and_minima_in_turn() -> None:
    waves = find_waves(smooth_beat())
    assert waves == (8, 40, 72, 104, None)


def test_features_are_what_their_names_say() -> None:
    beat = smooth_beat()
    found = features_of(beat)
    assert found.shape == (FEATURES,)
    assert np.array_equal(found[:SHAPE_POINTS], beat.shape[::4])
    ratios, ageing, phases, rest = np.split(found[SHAPE_POINTS:], [4, 5, 10])
    assert np.allclose(ratios[:3], [-1.0, 1.0, -1.0])
    assert np.isnan(ratios[3])
    assert np.isnan(ageing[0])
    assert np.allclose(phases[:4], [8 / 128, 40 / 128, 72 / 128, 104 / 128])
    length, crest_s, crest, *widths = rest[:6]
    assert (length, crest_s, crest) == (0.8, 0.4, 0.5)
    for level, width in zip((0.25, 0.5, 0.75), widths, strict=True):
        assert width == sum(height >= level for height in beat.shape) / PHASES
    before, after, late, ratio = rest[6:]
    assert math.isclose(before, sum(beat.shape[:64]) / 128)
    assert math.isclose(after, sum(beat.shape[64:]) / 128)
    assert np.isnan([late, ratio]).all()


def test_an_e_wave_divides_the_area() -> None:
    phase = np.arange(PHASES) / PHASES
    beat = MeanBeat(np.sin(np.pi * phase) ** 2, np.cos(6 * np.pi * phase), 0.8, PHASES // 2)
    waves = find_waves(beat)
    assert waves.e is not None
    a, b, c, d, e = (beat.acceleration[at] for at in waves if at is not None)
    found = features_of(beat)
    assert math.isclose(found[SHAPE_POINTS + 4], (b - c - d - e) / a)
    late = sum(beat.shape[waves.e :]) / PHASES
    assert math.isclose(found[-2], late)
    assert math.isclose(found[-1], late / (sum(beat.shape) / PHASES - late))
