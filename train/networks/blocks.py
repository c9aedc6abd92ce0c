"""What every network is built of: convolutions that fold, export without padding operators and have known shapes."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from train.networks.rounding import BoundedReLU, RoundedConv2d, RoundedSignal

KERNEL = 5
"""Samples of a depthwise kernel; the papers' 3x3 has nine taps, a line of 3 would see too little of a beat."""


def scaled(channels: int, width: float, multiple: int = 8) -> int:
    """Channels at a width, as the nearest multiple; of 8 by default, which the kernels of every runtime like."""
    return max(multiple, int(channels * width + multiple / 2) // multiple * multiple)


def kernel_for(length: int, stride: int, odd: int = KERNEL) -> int:
    """The kernel whose symmetric padding is the converter's SAME padding, so that no PAD op is needed.

    The odd one, or one sample more where SAME would pad one end more than the other: at stride 2 on an even length.
    """
    return odd + _padded(length, odd, stride) % 2


def padding_for(length: int, kernel: int, stride: int) -> int:
    """Zeros at either end, for a kernel of ``kernel_for``."""
    return _padded(length, kernel, stride) // 2


def _padded(length: int, kernel: int, stride: int) -> int:
    """Zeros at both ends together, as SAME has them."""
    return max(0, (length_after(length, stride) - 1) * stride + kernel - length)


def length_after(length: int, stride: int) -> int:
    """Samples left of a length by a convolution with the padding above, or by one of kernel 1 with none."""
    return -(-length // stride)


def convolution(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    *,
    padding: int | None = None,
    bounded: bool = True,
) -> nn.Sequential:
    """A convolution without bias, its batch norm, and either the bounded activation or none.

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel: samples, from ``kernel_for``.
        stride: samples.
        groups: groups of channels.
        padding: zeros at either end, from ``padding_for``; what a stride of 1 or 2 needs if left out.
        bounded: whether an activation follows; the range of what has none is INT8's to find.
    """
    ends = (kernel - 1) // 2 if padding is None else padding
    return nn.Sequential(
        RoundedConv2d(inputs, outputs, (1, kernel), (1, stride), (0, ends), groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        BoundedReLU() if bounded else RoundedSignal(),
    )


class MeanPool(nn.Module):
    """Halves a length by the mean of 3 samples (4 on an even length), counting zeros beyond the ends.

    A depthwise convolution of fixed weights: TFLite's own average pool does not count its padding, and the converter
    makes a PAD op of one that does.
    """

    def __init__(self, channels: int, length: int) -> None:
        """
        Args:
            channels: channels in and out.
            length: samples of the input.
        """
        super().__init__()
        self._kernel = kernel_for(length, 2, 3)
        self.weight: Tensor
        weight = torch.full((channels, 1, 1, self._kernel), 1.0 / self._kernel)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Pool, (n, channels, 1, length) to (n, channels, 1, ceil(length / 2))."""
        padding = (0, (self._kernel - 1) // 2)
        return functional.conv2d(values, self.weight, stride=(1, 2), padding=padding, groups=values.shape[1])


class ChannelShuffle(nn.Module):
    """Deals the channels of each group out to all groups (Zhang et al. 2017, arXiv 1707.01083, figure 1)."""

    def __init__(self, groups: int) -> None:
        """
        Args:
            groups: groups the channels come in.
        """
        super().__init__()
        self._groups = groups

    def forward(self, values: Tensor) -> Tensor:
        """Shuffle, (n, channels, 1, m) to the same shape."""
        n, channels, _, length = values.shape
        # With channels last, as TFLite has them and as training does, these four are one transposition.
        dealt = values.permute(0, 2, 3, 1).reshape(n, length, self._groups, channels // self._groups).transpose(2, 3)
        return dealt.reshape(n, 1, length, channels).permute(0, 3, 1, 2)
