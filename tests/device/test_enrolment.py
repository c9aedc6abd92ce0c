"""Enrolment: what counts, when it ends, and what it says when it fails."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.enrolment import Enrolment, joined, min_good_windows, seconds_of, steadiness, windows_in
from device.errors import SignalError, SignalReason
from device.frontend import FrontEndSpec, Quality, Reason, Window


def window(pulse: Any, reason: Reason | None = None) -> Window:
    return Window(epoch=0, start=0, pulse=pulse.astype(np.float32), quality=Quality(0.9, reason), interpolated=0)


def test_a_minute_is_twenty_five_windows(spec: FrontEndSpec) -> None:
    assert windows_in(60.0, spec) == 25
    assert windows_in(2.4, spec) == 1
    assert windows_in(12.0, spec) == 5
    assert windows_in(0.1, spec) == 1
    assert min_good_windows(spec) == 10


@pytest.mark.parametrize(("hop", "wanted"), [(300, 25), (150, 49), (100, 73)])
def test_windows_that_overlap_are_counted_as_they_fit(spec: FrontEndSpec, hop: int, wanted: int) -> None:
    overlapping = replace(spec, hop_samples=hop)
    fitting = [start for start in range(0, 7500, hop) if start + 300 <= 7500]
    assert windows_in(60.0, overlapping) == len(fitting) == wanted
    assert seconds_of(wanted, overlapping) == pytest.approx((fitting[-1] + 300) / 125)


class Scripted:
    """An embedder of 2-d directions, told in advance as angles in radians."""

    embedding_size, runtime = 2, "scripted"

    def __init__(self, angles: Iterable[float]) -> None:
        self._angles = iter(angles)

    def embed(self, pulse: Any) -> NDArray[np.float32]:
        angle = next(self._angles)
        return np.array([math.cos(angle), math.sin(angle)], dtype=np.float32)


FLAT = np.zeros(300)


def test_reference_is_the_normalised_mean_of_good_windows(
    spec: FrontEndSpec, embedder: Any, pulse_of: Callable[..., Any]
) -> None:
    enrolment = Enrolment(embedder, spec)
    pulses = [pulse_of("ann", 2.4, seed=seed) for seed in range(13)]
    finished = []
    for i, pulse in enumerate(pulses):
        enrolment.add(window(pulse, Reason.MOTION if i % 5 == 0 else None))
        assert enrolment.good_s == pytest.approx(2.4 * enrolment.good_windows)
        finished.append(enrolment.finished)
    assert finished == [False] * 12 + [True], "9 good windows are 21.6 s, 10 are 24"
    assert enrolment.good_s == pytest.approx(24.0)
    assert enrolment.elapsed_s == pytest.approx(31.2)
    mean = np.mean([embedder.embed(p.astype(np.float32)) for i, p in enumerate(pulses) if i % 5], axis=0)
    np.testing.assert_allclose(enrolment.reference(), mean / np.linalg.norm(mean), atol=1e-6)
    enrolment.add(window(pulse_of("eve", 2.4)))  # after the end: not taken
    assert enrolment.good_windows == 10


def test_windows_that_overlap_count_as_one_stretch(spec: FrontEndSpec, embedder: Any, pulse_of: Any) -> None:
    enrolment = Enrolment(embedder, replace(spec, hop_samples=150))
    for seed in range(19):
        assert not enrolment.finished
        enrolment.add(window(pulse_of("ann", 2.4, seed=seed)))
    assert enrolment.finished
    assert enrolment.good_s == enrolment.elapsed_s == pytest.approx(2.4 + 18 * 1.2)


@given(st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=20), st.integers(1, 20))
def test_steadiness_is_the_cosine_of_two_means(angles: list[float], newest: int) -> None:
    vectors = [(math.cos(a), math.sin(a)) for a in angles]
    older = vectors[: max(0, len(vectors) - newest)]
    sums = [[sum(v[axis] for v in part) for axis in (0, 1)] for part in (vectors, older)]
    lengths = [math.hypot(*one) for one in sums]
    assume(not older or min(lengths) > 0.01)
    measured = steadiness([np.array(v, dtype=np.float32) for v in vectors], newest)
    expected = sum(a * b for a, b in zip(*sums, strict=True)) / (lengths[0] * lengths[1]) if older else 0.0
    assert measured == pytest.approx(max(0.0, expected), abs=1e-4)


def test_a_reference_that_still_moves_is_not_taken_yet(spec: FrontEndSpec) -> None:
    angles = [0.0] * 6 + [1.2] * 32
    enrolment = Enrolment(Scripted(angles), spec)
    last, wanted = 0, []
    while not enrolment.finished:
        enrolment.add(window(FLAT))
        wanted.append(enrolment.wanted_s)
        last += 1
    means = [np.mean([[math.cos(a), math.sin(a)] for a in angles[:n]], axis=0) for n in range(1, 39)]
    steady = [n for n in range(10, 38) if means[n - 1] @ means[n - 5] >= 0.993 * np.prod(
        [np.linalg.norm(means[m]) for m in (n - 1, n - 5)])]  # fmt: skip
    assert last == steady[0] > 10
    assert max(wanted) > 24.0, "it was said that it would take longer"
    assert wanted[-1] == pytest.approx(2.4 * last)
    assert all(24.0 <= one <= 90.0 for one in wanted)


def test_it_never_takes_more_than_ninety_good_seconds(spec: FrontEndSpec) -> None:
    # Each window a little further round: the mean never comes to rest.
    enrolment = Enrolment(Scripted(0.08 * n for n in range(60)), spec)
    for _ in range(60):
        enrolment.add(window(FLAT))
    assert enrolment.stability < 0.993
    assert enrolment.good_s == pytest.approx(91.2), "the first window that makes it ninety"
    assert enrolment.reference().shape == (2,)


def test_nobody_sits_longer_than_three_minutes(spec: FrontEndSpec) -> None:
    enrolment = Enrolment(Scripted(0.25 * n for n in range(12)), spec)
    for n in range(100):
        enrolment.add(window(FLAT, None if n % 7 == 0 else Reason.MOTION))
    assert enrolment.finished
    assert not enrolment.steady
    assert enrolment.elapsed_s == pytest.approx(180.0)
    with pytest.raises(SignalError, match=r"of 75 after the 180 s.*not steady yet \(0\.\d+, 0\.993.*hold still"):
        enrolment.reference()


def test_advice_follows_the_windows_without_flicker(spec: FrontEndSpec) -> None:
    enrolment = Enrolment(Scripted([0.0] * 50), spec)
    told = []
    for reason in (None, Reason.MOTION, None, Reason.NO_FINGER, Reason.NO_FINGER, None, None):
        enrolment.add(window(FLAT, reason))
        told.append(enrolment.advice)
    assert told[:4] == [""] * 4
    assert told[4] == told[5] == "lay a finger on the sensor, or fasten it to the skin"
    assert told[6] == ""


def test_a_lighter_contact_is_told_during_an_enrolment(spec: FrontEndSpec, pulse_of: Callable[..., Any]) -> None:
    beats = window(pulse_of("ann", 2.4))
    enrolment = Enrolment(Scripted([0.5 * n for n in range(40)]), spec)
    for n in range(20):
        light = (100_000.0, 1000.0) if n < 8 else (90_000.0, 200.0)
        enrolment.add(replace(beats, dc_counts=light[0], ac_counts=light[1]))
    assert enrolment.advice == "press a little harder"
    enrolment.led_current(9000)
    for _ in range(2):
        enrolment.add(replace(beats, dc_counts=90_000.0, ac_counts=200.0))
    assert enrolment.advice == ""


def test_two_sessions_count_as_their_windows_do() -> None:
    rng = np.random.default_rng(0)
    one, other = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 8)))
    expected = 20 * one + 30 * other
    both = joined(one.astype(np.float32), 20, other.astype(np.float32), 30)
    np.testing.assert_allclose(both, expected / np.linalg.norm(expected), atol=1e-6)


def test_bad_windows_are_never_embedded(spec: FrontEndSpec, pulse_of: Callable[..., Any]) -> None:
    enrolment = Enrolment(Scripted([]), spec)
    for _ in range(80):
        enrolment.add(window(pulse_of("ann", 2.4), Reason.NO_FINGER))
    with pytest.raises(SignalError, match=r"0 good windows of 75.*no finger.*finger on the sensor") as caught:
        enrolment.reference()
    assert caught.value.reason is SignalReason.TOO_FEW_GOOD_WINDOWS


def test_one_good_window_too_few(spec: FrontEndSpec, embedder: Any, pulse_of: Callable[..., Any]) -> None:
    enrolment = Enrolment(embedder, spec)
    for i in range(25):
        enrolment.add(window(pulse_of("ann", 2.4), None if i < min_good_windows(spec) - 1 else Reason.WEAK_PULSE))
    assert enrolment.advice
    with pytest.raises(SignalError, match="of 25 when the signal ended, 22 s, 24 s are needed; mostly weak pulse"):
        enrolment.reference()


def test_a_signal_that_is_good_but_short(spec: FrontEndSpec) -> None:
    enrolment = Enrolment(Scripted([0.0] * 9), spec)
    for _ in range(9):
        enrolment.add(window(FLAT))
    with pytest.raises(SignalError, match="24 s are needed; stay on the sensor longer"):
        enrolment.reference()


def test_nothing_at_all(spec: FrontEndSpec, embedder: Any) -> None:
    with pytest.raises(SignalError, match="no window of signal came"):
        Enrolment(embedder, spec).reference()
