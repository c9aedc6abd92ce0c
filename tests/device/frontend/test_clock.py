import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.frontend.clock import FIRST_US, SPAN_US, ClockRegression


def test_no_rate_before_two_seconds() -> None:
    clock = ClockRegression()
    for frame in range(50):
        clock.update(5 * frame, 40_000 * frame)
        assert clock.rate_hz is None
    clock.update(250, FIRST_US)
    assert clock.rate_hz == pytest.approx(125.0)


@given(st.floats(0.96, 1.04), st.integers(0, 10_000))
def test_jitter_of_20_ms_is_averaged_to_a_twentieth_of_a_percent(error: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clock = ClockRegression()
    for frame in range(750):
        t_us = 5 * frame / (125.0 * error) * 1e6 + rng.uniform(0, 20_000)
        clock.update(5 * frame, int(t_us))
    assert clock.rate_hz == pytest.approx(125.0 * error, rel=5e-4)


def test_equals_numpy_on_the_last_thirty_seconds_only() -> None:
    rng = np.random.default_rng(5)
    clock = ClockRegression()
    points = []
    t_us, index = 10**9, 7
    for _ in range(3000):
        t_us += int(rng.integers(20_000, 60_000))
        index += int(rng.integers(1, 9))
        points.append((index, t_us))
        clock.update(index, t_us)
    kept = [(i, t) for i, t in points if points[-1][1] - t <= SPAN_US]
    x = np.array([t - kept[0][1] for _, t in kept]) / 1e6
    slope = np.polyfit(x, [i for i, _ in kept], 1)[0]
    assert clock.rate_hz == pytest.approx(slope, rel=1e-9)


def test_a_true_clock_shows_its_rate_exactly_however_long_it_has_run() -> None:
    clock, shown = ClockRegression(), set()
    for index in range(4, 100_000, 5):
        clock.update(index, (index + 1) * 8_000)
        shown.add(clock.rate_hz)
    assert shown == {None, 125.0}
