import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.frontend.resample import Resampler


def resample(signal: np.ndarray, rate_hz: float, sizes: list[int] | None = None) -> np.ndarray:
    resampler = Resampler(rate_hz, 125.0, 8, 0.9)
    times = np.arange(signal.size) / rate_hz
    cuts = np.cumsum(sizes)[:-1] if sizes else []
    pieces = [
        resampler.feed(t, s, np.zeros(t.size, dtype=np.bool_))[0]
        for t, s in zip(np.split(times, cuts), np.split(signal, cuts), strict=True)
    ]
    return np.concatenate([*pieces, resampler.flush()[0]])


@pytest.mark.parametrize("rate_hz", [25.0, 31.25, 50.0, 64.0, 100.0, 120.0, 125.0, 130.0, 200.0, 400.0])
def test_a_sine_of_the_pulse_band_comes_out_as_itself(rate_hz: float) -> None:
    for hz in (0.7, 1.3, 4.0, 8.0):
        times = np.arange(int(20 * rate_hz)) / rate_hz
        out = resample(np.sin(2 * np.pi * hz * times), rate_hz)
        expected = np.sin(2 * np.pi * hz * np.arange(out.size) / 125.0)
        inner = slice(100, -100)
        assert np.abs(out[inner] - expected[inner]).max() < 0.02


def test_going_down_does_not_alias() -> None:
    times = np.arange(8000) / 400.0
    out = resample(np.sin(2 * np.pi * 120.0 * times), 400.0)
    assert np.abs(out[100:-100]).max() < 0.02


@pytest.mark.parametrize("rate_hz", [31.25, 125.0, 400.0])
def test_output_covers_the_input_and_a_constant_stays_constant(rate_hz: float) -> None:
    out = resample(np.full(int(10 * rate_hz), 7.25), rate_hz)
    last_s = (int(10 * rate_hz) - 1) / rate_hz
    assert out.size == int(last_s * 125.0 + 1e-9) + 1
    np.testing.assert_allclose(out, 7.25, rtol=1e-12)


def test_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    signal, rate_hz = rng.normal(size=120), 97.0
    times = np.arange(signal.size) / rate_hz
    out = resample(signal, rate_hz)
    cutoff = 0.5 * 0.9 * rate_hz
    reach = 8 / (2 * cutoff)
    for n in range(out.size):
        total = norm = 0.0
        for t, x in zip(times, signal, strict=True):
            u = t - n / 125.0
            if abs(u) < reach:
                weight = np.sinc(2 * cutoff * u) * (0.5 + 0.5 * np.cos(np.pi * u / reach))
                total += weight * x
                norm += weight
        assert out[n] == pytest.approx(total / norm, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=15).filter(sum),
    st.sampled_from([31.25, 64.0, 119.7, 125.0, 130.1, 250.0]),
)
@example([1] * 100, 250.0)
@example([60, 0, 1, 0, 39], 130.1)
def test_any_chunking_is_one_block_bit_for_bit(sizes: list[int], rate_hz: float) -> None:
    signal = np.random.default_rng(sum(sizes)).normal(size=sum(sizes))
    assert resample(signal, rate_hz, sizes).tobytes() == resample(signal, rate_hz).tobytes()
