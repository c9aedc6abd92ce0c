"""The wavelet transform against its definition, summed term by term."""

import cmath
import math

import numpy as np
import torch

from train.references.scalogram import HIGHEST_HZ, LOWEST_HZ, MOMENTS, SCALES, Scalogram, frequencies, moments


def test_it_is_the_convolution_with_each_wavelet_at_each_moment() -> None:
    window = np.random.default_rng(0).standard_normal(300).astype(np.float32)
    image = Scalogram()(torch.from_numpy(window)[None, None, None])
    assert image.shape == (1, 1, SCALES, MOMENTS)
    for row in (0, 7, SCALES - 1):
        scale = 6.0 * 125.0 / (2.0 * math.pi * frequencies()[row])
        for column in (0, 20, MOMENTS - 1):
            b = moments()[column]
            total = 0.0 + 0.0j
            for n in range(300):
                t = (n - b) / scale
                wavelet = math.pi**-0.25 * cmath.exp(6.0j * t) * math.exp(-t * t / 2.0)
                total += float(window[n]) * wavelet.conjugate() / math.sqrt(scale)
            assert math.isclose(float(image[0, 0, row, column]), math.log1p(abs(total)), abs_tol=1e-4)


def test_scales_are_equal_ratios_and_moments_an_even_grid() -> None:
    hz = frequencies()
    assert (hz[0], hz[-1]) == (LOWEST_HZ, HIGHEST_HZ)
    assert np.allclose(hz[1:] / hz[:-1], hz[1] / hz[0])
    assert np.allclose(np.diff(moments()), 6.25)
    assert math.isclose(moments()[0] - 0.0, 299.0 - moments()[-1])


def test_a_wave_is_brightest_at_its_own_frequency_and_a_shift_moves_the_image() -> None:
    t = np.arange(300) / 125.0
    row = 15
    wave = torch.from_numpy(np.sin(2 * np.pi * frequencies()[row] * t).astype(np.float32))
    image = Scalogram()(wave.reshape(1, 1, 1, -1))[0, 0]
    assert int(image[:, MOMENTS // 2].argmax()) == row
    burst = torch.zeros(2, 1, 1, 300)
    burst[0, 0, 0, 100], burst[1, 0, 0, 125] = 1.0, 1.0
    first, later = Scalogram()(burst)[:, 0]
    assert torch.allclose(first[:, :-4], later[:, 4:], atol=1e-5)  # 25 samples are four moments


def test_nothing_subnormal_is_multiplied() -> None:
    matrix = Scalogram().matrix
    assert float(matrix[matrix != 0.0].abs().min()) >= 1e-9
