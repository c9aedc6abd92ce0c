"""Enrolment: what counts, when it ends, and what it says when it fails."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from device.enrolment import Enrolment, joined, min_good_windows, seconds_of, windows_in
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


def test_reference_is_the_normalised_mean_of_good_windows(
    spec: FrontEndSpec, embedder: Any, pulse_of: Callable[..., Any]
) -> None:
    enrolment = Enrolment(embedder, spec, 60.0)
    pulses = [pulse_of("ann", 2.4, seed=seed) for seed in range(25)]
    for i, pulse in enumerate(pulses):
        assert not enrolment.finished
        enrolment.add(window(pulse, Reason.MOTION if i % 5 == 0 else None))
    assert enrolment.finished
    assert enrolment.elapsed_s == pytest.approx(60.0)
    mean = np.mean([embedder.embed(p.astype(np.float32)) for i, p in enumerate(pulses) if i % 5], axis=0)
    np.testing.assert_allclose(enrolment.reference(), mean / np.linalg.norm(mean), atol=1e-6)
    enrolment.add(window(pulse_of("eve", 2.4)))  # after the end: not taken
    assert enrolment.good_windows == 20


def test_two_sessions_count_as_their_windows_do() -> None:
    rng = np.random.default_rng(0)
    one, other = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 8)))
    expected = 20 * one + 30 * other
    both = joined(one.astype(np.float32), 20, other.astype(np.float32), 30)
    np.testing.assert_allclose(both, expected / np.linalg.norm(expected), atol=1e-6)


def test_bad_windows_are_never_embedded(spec: FrontEndSpec, pulse_of: Callable[..., Any]) -> None:
    class Refusing:
        embedding_size, runtime = 8, "none"

        def embed(self, pulse: Any) -> Any:
            raise AssertionError("embedded a bad window")

    enrolment = Enrolment(Refusing(), spec)
    for _ in range(25):
        enrolment.add(window(pulse_of("ann", 2.4), Reason.NO_FINGER))
    with pytest.raises(SignalError, match=r"0 good windows of 25.*no finger.*finger on the sensor") as caught:
        enrolment.reference()
    assert caught.value.reason is SignalReason.TOO_FEW_GOOD_WINDOWS


def test_one_good_window_too_few(spec: FrontEndSpec, embedder: Any, pulse_of: Callable[..., Any]) -> None:
    enrolment = Enrolment(embedder, spec)
    for i in range(25):
        enrolment.add(window(pulse_of("ann", 2.4), None if i < min_good_windows(spec) - 1 else Reason.WEAK_PULSE))
    assert enrolment.advice
    with pytest.raises(SignalError, match="weak pulse"):
        enrolment.reference()


def test_nothing_at_all(spec: FrontEndSpec, embedder: Any) -> None:
    with pytest.raises(SignalError, match="no window of signal came"):
        Enrolment(embedder, spec).reference()


def test_too_short_is_refused_before_anybody_waits(spec: FrontEndSpec, embedder: Any) -> None:
    with pytest.raises(SignalError, match="at least 24 s"):
        Enrolment(embedder, spec, 12.0)
