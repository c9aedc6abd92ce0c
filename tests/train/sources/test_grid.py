from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import RecordingError
from firmware_bridge.recordings.time_grid import MAX_GAP_RATIO
from train.sources.grid import on_grid

HERE = Path("a.csv")


@given(
    rate_hz=st.floats(5.0, 1000.0),
    steps=st.lists(st.sampled_from([1, 1, 1, 1, 1, 1, 2, 5, 40]), min_size=1, max_size=200),
    start_s=st.floats(0.0, 1e6),
)
@settings(deadline=None)
def test_every_sample_is_at_its_place_and_the_rest_is_nan(rate_hz: float, steps: list[int], start_s: float) -> None:
    steps = [1] * (len(steps) + 2) + steps  # most samples follow each other
    time_s, index = [start_s], [0]
    for step in steps:
        index.append(index[-1] + step)
        time_s.append(start_s + index[-1] / rate_hz)
    values = np.arange(1.0, len(index) + 1)
    grid, found_hz = on_grid(HERE, np.array(time_s), values)
    expected = [np.nan] * (index[-1] + 1)
    for place, value in zip(index, values, strict=True):
        expected[place] = value
    np.testing.assert_array_equal(grid, expected)
    assert found_hz == pytest.approx(rate_hz, rel=1e-4)


@given(st.integers(10, 400), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_stamps_that_are_rounded_to_milliseconds_lose_no_sample(size: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=size)
    stamps = np.round(np.arange(size) / 128.0, 3)
    grid, rate_hz = on_grid(HERE, stamps, values)
    np.testing.assert_array_equal(grid, values)
    assert rate_hz == pytest.approx(128.0, rel=0.02)


@pytest.mark.parametrize(
    "stamps", [[0.0], [], [0.0, 1.0, 1.0], [0.0, 2.0, 1.0], [0.0, np.nan, 1.0], [0.0, 1.0, np.inf]]
)
def test_a_time_that_does_not_go_up(stamps: list[float]) -> None:
    with pytest.raises(RecordingError, match=r"a\.csv: its time (does not always go up|jumps too far)"):
        on_grid(HERE, np.array(stamps), np.zeros(len(stamps)))


def test_a_jump_that_cannot_be_true() -> None:
    time_s = np.array([0.0, 1.0, 2.0, 2.0 + 4 * MAX_GAP_RATIO])
    with pytest.raises(RecordingError, match="jumps too far to be true; state rate_hz instead"):
        on_grid(HERE, time_s, np.zeros(4))
