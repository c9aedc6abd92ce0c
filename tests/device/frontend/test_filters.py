import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt, sosfilt_zi

from device.frontend.filters import SosFilter
from train.frontend_design import BAND_HZ, ORDER, design

SECTIONS = design().sections


def test_sections_are_the_designed_band_pass() -> None:
    assert np.array(SECTIONS).tolist() == butter(ORDER, BAND_HZ, "bandpass", fs=125.0, output="sos").tolist()


def test_equals_scipy_from_the_steady_state_of_the_first_sample() -> None:
    signal = np.random.default_rng(1).normal(size=2000).cumsum()
    sos = np.array(SECTIONS)
    expected, _ = sosfilt(sos, signal, zi=sosfilt_zi(sos) * signal[0])
    np.testing.assert_allclose(SosFilter(SECTIONS).feed(signal), expected, rtol=0, atol=1e-10 * np.abs(signal).max())


def test_a_constant_is_silence_from_the_first_sample_on() -> None:
    assert np.abs(SosFilter(SECTIONS).feed(np.full(500, 123_456.0))).max() < 1e-6


def test_reset_forgets() -> None:
    signal = np.random.default_rng(2).normal(size=300)
    sos = SosFilter(SECTIONS)
    first = sos.feed(signal)
    assert not np.array_equal(sos.feed(signal), first)
    sos.reset()
    assert np.array_equal(sos.feed(signal), first)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 80), min_size=1, max_size=20), st.integers(0, 1000))
def test_any_chunking_is_one_block_bit_for_bit(sizes: list[int], seed: int) -> None:
    signal = np.random.default_rng(seed).normal(size=sum(sizes)) * 1e5
    whole, parts = SosFilter(SECTIONS), SosFilter(SECTIONS)
    pieces = [parts.feed(piece) for piece in np.split(signal, np.cumsum(sizes)[:-1])]
    assert np.concatenate(pieces).tobytes() == whole.feed(signal).tobytes()
