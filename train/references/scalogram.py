"""The scalogram of a window: how much of each frequency there is at each moment, by Morlet wavelets."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from train.frontend_design import BAND_HZ, RATE_HZ
from train.networks.base import WINDOW_SAMPLES

SCALES = 24
MOMENTS = 48
LOWEST_HZ, HIGHEST_HZ = 0.7, BAND_HZ[1]
"""From the slowest resting pulse to the end of the front end's band."""
OMEGA = 6.0
"""Oscillations within a wavelet, in radians: the least at which its mean is as good as 0."""

TAIL = 1e-9


def frequencies() -> NDArray[np.float64]:
    """Centre frequencies (SCALES,) of the wavelets, Hz, rising in equal ratios."""
    return np.geomspace(LOWEST_HZ, HIGHEST_HZ, SCALES)


def moments() -> NDArray[np.float64]:
    """Where the transform is taken, (MOMENTS,) samples from a window's first, evenly spread."""
    return (np.arange(MOMENTS) + 0.5) * WINDOW_SAMPLES / MOMENTS - 0.5


def transform() -> NDArray[np.complex128]:
    """The continuous wavelet transform of a window as a matrix, (SCALES, MOMENTS, WINDOW_SAMPLES).

    W(s, b) = sum over n of x(n) * conj(psi((n - b) / s)) / sqrt(s), s and b in samples, with
    psi(t) = pi^(-1/4) exp(i OMEGA t - t^2 / 2) and s = OMEGA * rate / (2 pi frequency); beyond a window's ends is 0,
    its mean. Source: Torrence and Compo 1998, "A practical guide to wavelet analysis", section 3.
    """
    scale = OMEGA * RATE_HZ / (2.0 * math.pi * frequencies())[:, None, None]
    t = (np.arange(WINDOW_SAMPLES) - moments()[:, None])[None] / scale
    return np.asarray(math.pi**-0.25 * np.exp(-1j * OMEGA * t - 0.5 * t**2) / np.sqrt(scale))


class Scalogram(nn.Module):
    """Windows (n, 1, 1, 300) to images (n, 1, SCALES, MOMENTS): log(1 + |W|), of frequency and time."""

    macs = 2 * SCALES * MOMENTS * WINDOW_SAMPLES
    """Real and imaginary part."""

    def __init__(self) -> None:
        super().__init__()
        matrix = transform().reshape(SCALES * MOMENTS, WINDOW_SAMPLES)
        parts = np.concatenate((matrix.real, matrix.imag)).astype(np.float32)
        # What a wavelet's tails leave is too small to count and, as subnormal numbers, takes ten times as long.
        parts[np.abs(parts) < TAIL] = 0.0
        self.matrix: Tensor
        self.register_buffer("matrix", torch.from_numpy(parts), persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        """Transform; the phase is lost, as in every scalogram."""
        real, imaginary = (windows.flatten(1) @ self.matrix.T).chunk(2, dim=1)
        size = torch.log1p((real.square() + imaginary.square() + 1e-12).sqrt())
        return size.reshape(-1, 1, SCALES, MOMENTS)
