"""RED and infrared of one pulse, of two, of one that was copied, and across changes of current."""

from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from device.presentation.beats import SLOPE_S, SMOOTHING_S
from device.presentation.consistency import Consistency, likeness
from device.presentation.findings import Finding, PresentationReason, State
from tests.device.presentation.played import RATE_HZ, blocks_of, counts_of, info, pulse_at

BEATS_S = 0.5 + np.cumsum(0.8 + 0.03 * np.random.default_rng(5).standard_normal(20))


def genuine(noise: float = 8.0) -> NDArray[np.float64]:
    return counts_of(pulse_at(BEATS_S, 12.0), noise=noise)


def judged(counts: NDArray[np.float64]) -> Finding:
    check = Consistency()
    check.take(info())
    for block in blocks_of(counts):
        check.take(block)
    return check.finding


def stepped(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """RED's current changed each second and a bit."""
    random, red = Random(1), counts[:, 1].copy()
    for at in range(100, len(red), 150):
        red[at : at + 150] = np.floor(red[at : at + 150] * random.choice([0.6, 0.75, 1.25, 1.4]))
    return np.stack([counts[:, 0], red], axis=1)


def test_one_pulse_in_both_passes() -> None:
    assert judged(genuine()).state is State.PASSED


def test_the_figures_are_those_of_a_loop() -> None:
    counts = genuine()
    width, step = round(SMOOTHING_S * RATE_HZ), round(SLOPE_S * RATE_HZ)
    logs = np.log(counts)
    mean = np.array([logs[i : i + width].mean(axis=0) for i in range(len(logs) - width + 1)])
    slope = [mean[i + step] - mean[i] for i in range(len(mean) - step)]
    power, products = sum(s[0] ** 2 for s in slope), sum(s[0] * s[1] for s in slope)
    seen = likeness(counts, RATE_HZ)
    assert seen is not None
    assert seen.ratio == pytest.approx(products / power)
    assert seen.correlation == pytest.approx(products / (power * sum(s[1] ** 2 for s in slope)) ** 0.5)
    assert seen.seconds == pytest.approx(len(slope) / RATE_HZ)
    # 3000 in 120,000 against 1500 in 100,000, and the noise that was put in.
    assert seen.ratio == pytest.approx(0.6, rel=0.05)
    assert seen.noise_counts == pytest.approx(8.0, rel=0.1)


def test_changes_of_current_change_neither_ratio_nor_verdict() -> None:
    whole, parts = likeness(genuine(), RATE_HZ), likeness(stepped(genuine()), RATE_HZ)
    assert whole is not None
    assert parts is not None
    assert parts.ratio == pytest.approx(whole.ratio, rel=0.05)
    assert parts.correlation > 0.98
    assert parts.seconds < whole.seconds
    assert judged(stepped(genuine())).state is State.PASSED


@pytest.mark.parametrize("change", [lambda counts: counts, stepped])
def test_a_copy_is_found_whatever_the_current_does(change: object) -> None:
    ir = genuine()[:, 0]
    copy = np.stack([ir, np.rint(40_000 + 0.4 * ir)], axis=1)
    seen = judged(change(copy))  # type: ignore[operator]
    assert (seen.state, seen.reason) == (State.ATTACK, PresentationReason.CHANNEL_COPIED)


def test_a_copy_in_the_converters_coarser_steps_is_found() -> None:
    """16 bits of 18, as INFO says: rounding to 4 counts is a noise of more than one."""
    ir = genuine()[:, 0]
    copy = 4.0 * np.rint(np.stack([ir, 40_000 + 0.4 * ir], axis=1) / 4.0)
    seen = likeness(copy, RATE_HZ)
    assert seen is not None
    assert 1.0 < seen.noise_counts < 2.0
    assert judged(copy).reason is PresentationReason.CHANNEL_COPIED


def test_a_copy_that_was_measured_by_another_sensor_is_not_found() -> None:
    """What this check cannot do: a lamp's light has the sensor's noise on both channels."""
    counts = genuine(noise=0.0) + np.rint(8.0 * np.random.default_rng(2).standard_normal((1500, 2)))
    assert judged(counts).state is State.PASSED


def test_another_pulse_or_none_in_red_is_found() -> None:
    other = counts_of(pulse_at(BEATS_S + 0.35, 12.0), seed=3)
    without = 100_000 + 8 * np.random.default_rng(4).standard_normal(1500)
    for red in (other[:, 1], np.rint(without)):
        seen = judged(np.stack([genuine()[:, 0], red], axis=1))
        assert (seen.state, seen.reason) == (State.ATTACK, PresentationReason.CHANNELS_DISAGREE)


@pytest.mark.parametrize(("scale", "state"), [(0.1, State.ATTACK), (0.5, State.PASSED), (5.0, State.ATTACK)])
def test_a_ratio_that_no_blood_has_is_found(scale: float, state: State) -> None:
    counts = genuine()
    counts[:, 1] = np.rint(100_000 + scale * (counts[:, 1] - 100_000) + 8 * np.random.default_rng(6).normal(size=1500))
    assert judged(counts).state is state


def test_what_cannot_be_judged_is_said() -> None:
    assert judged(genuine()[:200]).text == "too little signal yet"
    dark = genuine()
    dark[:, 1] = 0.0
    assert judged(dark).state is State.NOT_JUDGED
