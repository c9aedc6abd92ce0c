"""Beats found where they were put, and the spread of their intervals judged."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from device.presentation.beats import beat_times, moving_mean, slopes
from device.presentation.findings import PresentationReason, State
from device.presentation.liveness import LEAST_BEATS, LEAST_SDNN_MS, Liveness, sdnn
from tests.device.presentation.played import RATE_HZ, blocks_of, counts_of, pulse_at


def beats(count: int, spread_s: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return 0.5 + np.cumsum(0.8 + spread_s * random.standard_normal(count))


def judged(times_s: np.ndarray, seconds: float = 20.0) -> Liveness:
    liveness = Liveness()
    for block in blocks_of(counts_of(pulse_at(times_s, seconds))):
        liveness.take(block)
    return liveness


def test_moving_means_and_slopes_are_those_of_a_loop() -> None:
    values = np.random.default_rng(1).normal(1e5, 10.0, 60)
    mean = [sum(values[i : i + 10]) / 10 for i in range(51)]
    assert_allclose(moving_mean(values, 10), mean)
    assert_allclose(slopes(values, RATE_HZ), [mean[i + 10] - mean[i] for i in range(41)], atol=1e-9)
    assert slopes(values[:20], RATE_HZ).size == 0


def test_every_beat_is_found_to_a_millisecond_or_two() -> None:
    put = beats(20, 0.05)
    found = beat_times(pulse_at(put, 20.0), RATE_HZ)
    assert_allclose(np.diff(found), np.diff(put), atol=0.002)


def test_a_notch_after_the_beat_is_none() -> None:
    put = beats(20, 0.05)
    with_notch = pulse_at(put, 20.0) + 0.3 * pulse_at(put + 0.4, 20.0)
    assert beat_times(with_notch, RATE_HZ).size == 20


def test_a_smaller_rise_just_before_the_beat_is_not_taken_for_it() -> None:
    put = beats(20, 0.05) + 0.3
    found = beat_times(pulse_at(put, 20.0) + 0.7 * pulse_at(put - 0.25, 20.0), RATE_HZ)
    alone = beat_times(pulse_at(put, 20.0), RATE_HZ)
    assert_allclose(found, alone, atol=0.03)


def test_a_constant_has_no_beats() -> None:
    assert beat_times(np.full(1000, 5.0), RATE_HZ).size == 0
    assert beat_times(np.full(10, 5.0), RATE_HZ).size == 0


def test_sdnn_is_that_of_a_loop() -> None:
    times = beats(12, 0.03)
    intervals = [times[i + 1] - times[i] for i in range(11)]
    mean = sum(intervals) / 11
    assert sdnn(times) == pytest.approx(1e3 * (sum((x - mean) ** 2 for x in intervals) / 11) ** 0.5)


def test_equal_beats_are_an_attack_and_varying_ones_are_not() -> None:
    equal = judged(beats(24, 0.0)).finding
    assert (equal.state, equal.reason) == (State.ATTACK, PresentationReason.TOO_REGULAR)
    assert judged(beats(24, 3e-3 * LEAST_SDNN_MS)).finding.state is State.PASSED


def test_few_beats_are_not_judged() -> None:
    few = judged(beats(LEAST_BEATS - 1, 0.0), 9.0)
    assert few.finding.state is State.NOT_JUDGED
    assert few.finding.text == f"{LEAST_BEATS - 1} beats, {LEAST_BEATS} are needed"


def test_beats_before_a_gap_are_forgotten() -> None:
    liveness, counts = Liveness(), counts_of(pulse_at(beats(12, 0.0), 10.0))
    for block in blocks_of(counts):
        liveness.take(block)
    assert liveness.finding.state is State.ATTACK
    for block in blocks_of(counts[: 3 * 125], first=len(counts) + 100):
        liveness.take(block)
    assert liveness.finding.state is State.NOT_JUDGED


def test_a_new_attempt_of_the_same_finger_is_judged_within_a_second() -> None:
    liveness, counts = Liveness(), counts_of(pulse_at(beats(24, 0.0), 20.0))
    for block in blocks_of(counts[:2000]):
        liveness.take(block)
    liveness.reset()
    assert liveness.finding.state is State.NOT_JUDGED
    for block in blocks_of(counts[2000:2130], first=2000):
        liveness.take(block)
    assert liveness.finding.state is State.ATTACK
