"""A small U-Net in one dimension: an ECG in, the pulse of the same seconds out."""

import torch
from torch import Tensor, nn

WIDTHS = (8, 24, 48, 64)
"""Channels of each level; each but the first works at half the rate of the one above."""
KERNEL = 7
GROUPS = 8
SAMPLE_MULTIPLE = 2 ** (len(WIDTHS) - 1)
"""Inputs must be as long as a multiple of this."""


class PulseGenerator(nn.Module):
    """(n, 1, samples) standardised ECG to (n, 1, samples) pulse; samples a multiple of ``SAMPLE_MULTIPLE``.

    Source of the form: Ronneberger et al. 2015, "U-Net", in one dimension and without its cropping.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(_Level(before, own) for before, own in zip((1, *WIDTHS), WIDTHS, strict=False))
        self.up = nn.ModuleList(
            _Level(below + own, own) for below, own in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.last = nn.Conv1d(WIDTHS[0], 1, 1)

    def forward(self, ecg: Tensor) -> Tensor:
        """The pulse of each ECG."""
        kept: list[Tensor] = []
        signal = ecg
        for i, level in enumerate(self.down):
            signal = level(nn.functional.avg_pool1d(signal, 2) if i else signal)
            kept.append(signal)
        for level, beside in zip(self.up, kept[-2::-1], strict=True):
            wide = nn.functional.interpolate(signal, scale_factor=2.0, mode="linear", align_corners=False)
            signal = level(torch.cat([wide, beside], dim=1))
        pulse: Tensor = self.last(signal)
        return pulse


class _Level(nn.Sequential):
    """Two convolutions, each normalised over groups of channels, so that one window's answer is its own alone."""

    def __init__(self, before: int, own: int) -> None:
        super().__init__(*_convolution(before, own), *_convolution(own, own))


def _convolution(before: int, own: int) -> tuple[nn.Module, ...]:
    return nn.Conv1d(before, own, KERNEL, padding=KERNEL // 2), nn.GroupNorm(GROUPS, own), nn.ReLU()
