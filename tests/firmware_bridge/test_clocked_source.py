"""The same pulse by another clock: true to the signal, the same in any portions, and lost where it was lost."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.board import LightBoard
from firmware_bridge.clocked_source import HALF_TAPS, ClockedSource
from firmware_bridge.sources import LOST
from tests.firmware_bridge.light_boards import Counting, run

ERRORS = (-0.04, -0.013, 0.02, 0.04)


class Fixed:
    """A source of given counts."""

    rate_hz = 125.0

    def __init__(self, counts: NDArray[np.int32]) -> None:
        self._counts, self._next = counts, 0

    def read(self, count: int) -> NDArray[np.int32]:
        part = self._counts[self._next : self._next + count]
        self._next += len(part)
        return part

    def rewind(self) -> None:
        self._next = 0


def pulse(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Up to 12 Hz, more than a pulse has."""
    waves = ((1.2, 1500.0), (2.4, 700.0), (7.0, 200.0), (12.0, 100.0))
    return 120_000 + sum(height * np.sin(2 * np.pi * hz * time_s + hz) for hz, height in waves)


def counts_of(n: int) -> NDArray[np.int32]:
    ir = np.rint(pulse(np.arange(n) / 125))
    return np.stack([ir, ir - 20_000], axis=1).astype(np.int32)


@pytest.mark.parametrize("error", ERRORS)
def test_each_sample_is_the_pulse_at_its_own_time(error: float) -> None:
    source = ClockedSource(Fixed(counts_of(5000)), error)
    counts = source.read(100_000)
    assert source.rate_hz == 125 * (1 + error)
    assert len(counts) == math.floor(4999 * (1 + error)) + 1
    wanted = pulse(np.arange(len(counts)) / source.rate_hz)
    inner = slice(2 * HALF_TAPS, -2 * HALF_TAPS)
    # One count in rounding the source, one in rounding what is made of it.
    assert np.abs(counts[inner, 0] - wanted[inner]).max() < 2
    assert np.abs(counts[:, 0] - wanted).max() < 150
    np.testing.assert_allclose(counts[:, 0] - counts[:, 1], 20_000, atol=1)


def test_a_clock_without_an_error_changes_nothing() -> None:
    np.testing.assert_array_equal(ClockedSource(Fixed(counts_of(500)), 0.0).read(1000), counts_of(500))


def test_a_constant_stays_one_to_its_ends() -> None:
    flat = np.full((200, 2), 77_777, np.int32)
    assert (ClockedSource(Fixed(flat), 0.03).read(1000) == 77_777).all()


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=20),
    st.sampled_from(ERRORS),
    st.lists(st.integers(0, 999), max_size=8),
)
def test_the_same_in_any_portions_and_lost_where_a_neighbour_was(
    portions: list[int], error: float, lost: list[int]
) -> None:
    counts = counts_of(1000)
    counts[lost] = LOST
    whole = ClockedSource(Fixed(counts), error).read(sum(portions))
    source = ClockedSource(Fixed(counts), error)
    np.testing.assert_array_equal(np.concatenate([source.read(n) for n in portions]), whole)
    source.rewind()
    np.testing.assert_array_equal(source.read(sum(portions)), whole)
    for k in range(len(whole)):
        position = k / (1 + error)
        gone = math.floor(position) in lost or math.ceil(position) in lost
        assert (whole[k, 0] == LOST) == (whole[k, 1] == LOST) == gone
        if not gone:
            assert abs(whole[k, 0] - pulse(np.array(position / 125))) < 1000


@pytest.mark.parametrize("error", ERRORS)
def test_the_board_states_the_nominal_rate_and_its_clock_shows_the_true_one(error: float) -> None:
    source = Counting(100_000)
    sent = run(LightBoard(ClockedSource(source, error), nominal_rate_hz=source.rate_hz), 60.0)
    assert {frame.info.nominal_rate_mhz for frame in sent.infos} == {125_000}
    assert sent.tally().meter.rate_hz == pytest.approx(125 * (1 + error), rel=1e-6)
    assert sent.tally().lost == 0


def test_an_error_that_no_sensor_has_is_refused() -> None:
    for error in (0.041, -0.05, math.nan):
        with pytest.raises(ValueError, match="a clock error of"):
            ClockedSource(Counting(), error)
