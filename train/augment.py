"""Random changes to training windows: another heart rate, sensor, pressure and day."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from train.config import AugmentConfig

SMOOTH_SAMPLES = 15
"""120 ms: what is left is the beat without its notch."""


class Augment:
    """Stretches, crops and disturbs a batch, from a generator of its own so that a resumed run repeats it."""

    def __init__(self, config: AugmentConfig, samples: int, generator: torch.Generator) -> None:
        """
        Args:
            config: the bounds.
            samples: length of the windows that come out.
            generator: where every draw comes from.
        """
        self._config = config
        self._samples = samples
        self._generator = generator

    def __call__(self, windows: Tensor) -> Tensor:
        """Make new windows of old ones.

        Args:
            windows: (n, m) with m larger than ``samples``.

        Returns:
            (n, samples), standardised.
        """
        n = windows.shape[0]
        pulse = standardise(self._crop(windows))
        pulse = pulse + self._signed(n, self._config.derivative) * standardise(_slope(pulse))
        pulse = pulse + self._signed(n, self._config.smooth) * standardise(_smoothed(pulse))
        pulse = standardise(pulse)
        pulse = pulse + self._signed(n, self._config.bend) * (pulse.square() - 1.0)
        pulse = pulse + self._wander(n) + self._noise(n)
        return standardise(pulse)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._generator)

    def _signed(self, n: int, bound: float) -> Tensor:
        return (2.0 * self._uniform(n, 1) - 1.0) * bound

    def _crop(self, windows: Tensor) -> Tensor:
        n, length = windows.shape
        stretch = torch.exp((2.0 * self._uniform(n, 1) - 1.0) * math.log1p(self._config.warp))
        span = (self._samples - 1) * stretch
        start = self._uniform(n, 1) * (length - 1 - span)
        at = start + torch.arange(self._samples) * stretch
        left = at.floor().clamp(0, length - 2).long()
        share = at - left
        return windows.gather(1, left) * (1.0 - share) + windows.gather(1, left + 1) * share

    def _wander(self, n: int) -> Tensor:
        seconds = torch.arange(self._samples) / self._samples
        cycles = 0.5 + self._uniform(n, 1)
        phase = 2.0 * math.pi * self._uniform(n, 1)
        wave: Tensor = self._signed(n, self._config.wander) * torch.sin(2.0 * math.pi * cycles * seconds + phase)
        return wave

    def _noise(self, n: int) -> Tensor:
        level = self._uniform(n, 1) * self._config.noise
        return level * torch.randn(n, self._samples, generator=self._generator)


def standardise(windows: Tensor) -> Tensor:
    """Mean 0 and standard deviation 1 along the last axis (n, m)."""
    centred = windows - windows.mean(dim=1, keepdim=True)
    return centred / centred.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-6)


def _smoothed(pulse: Tensor) -> Tensor:
    reach = SMOOTH_SAMPLES // 2
    padded = functional.pad(pulse[:, None, :], (reach, reach), mode="replicate")
    return functional.avg_pool1d(padded, SMOOTH_SAMPLES, 1)[:, 0]


def _slope(pulse: Tensor) -> Tensor:
    inner = pulse[:, 2:] - pulse[:, :-2]
    return torch.cat((inner[:, :1], inner, inner[:, -1:]), dim=1)
