"""ShuffleNetV1 of 3 groups in one dimension (Zhang et al. 2017, arXiv 1707.01083), written so that it exports well."""

import torch
from torch import Tensor, nn

from train.networks.base import WINDOW_SAMPLES, EmbeddingNetwork
from train.networks.blocks import ChannelShuffle, MeanPool, convolution, kernel_for, length_after, scaled
from train.networks.rounding import BoundedReLU

GROUPS = 3
STEM_CHANNELS = 24
STAGES = ((240, 3), (480, 7), (960, 3))
"""(channels at width 1, units after the one at stride 2) of each stage, as in the paper's table 1 for three groups."""
BOTTLENECK = 4
"""A unit's depthwise convolution has a quarter of its channels."""
MULTIPLE = GROUPS * BOTTLENECK
"""Channel counts are multiples of it: then a unit's, its bottleneck's and the difference of two all make groups."""


class ShuffleUnit(nn.Module):
    """A bottleneck beside an identity, whose sum is activated.

    As in the paper nothing activates the depthwise convolution or the branch's end, so INT8 finds each its range and
    training rounds it to the batch's (``RoundedSignal``).
    """

    def __init__(self, channels: int, length: int) -> None:
        """
        Args:
            channels: channels in and out.
            length: samples in and out.
        """
        super().__init__()
        self.branch = _branch(channels, channels // BOTTLENECK, channels, length, 1, GROUPS)
        self.activation = BoundedReLU()

    def forward(self, values: Tensor) -> Tensor:
        """Map (n, channels, 1, length) to the same shape."""
        activated: Tensor = self.activation(values + self.branch(values))
        return activated


class HalvingUnit(nn.Module):
    """A bottleneck at stride 2 beside a mean pool, whose channels are joined.

    The paper activates what is joined. Each part is activated before instead, which is the same (a mean of values in
    [0, 6] is in [0, 6]) and gives INT8 two parts of one known range.
    """

    def __init__(self, inputs: int, outputs: int, length: int, groups: int) -> None:
        """
        Args:
            inputs: channels in.
            outputs: channels out, of which the pool makes ``inputs`` and the bottleneck the others.
            length: samples of the input.
            groups: of the first convolution.
        """
        super().__init__()
        self.branch = _branch(inputs, outputs // BOTTLENECK, outputs - inputs, length, 2, groups)
        self.shortcut = nn.Sequential(MeanPool(inputs, length), BoundedReLU())

    def forward(self, values: Tensor) -> Tensor:
        """Map (n, inputs, 1, length) to (n, outputs, 1, ceil(length / 2))."""
        return torch.cat([self.shortcut(values), self.branch(values)], dim=1)


class ShuffleNetV1(EmbeddingNetwork):
    """Windows to embeddings by grouped pointwise and depthwise convolutions."""

    def __init__(self, width: float, embedding_size: int) -> None:
        """
        Args:
            width: factor on every channel count, 0.25 to 1.
            embedding_size: length of the embedding.
        """
        channels = scaled(STEM_CHANNELS, width, MULTIPLE)
        # The pool's 2 samples need no padding on the even length that the stem leaves; the paper's 3 would.
        layers: list[nn.Module] = [convolution(1, channels, kernel_for(WINDOW_SAMPLES, 2), 2), nn.MaxPool2d((1, 2))]
        length = length_after(WINDOW_SAMPLES, 4)
        for stage, (full, repeats) in enumerate(STAGES):
            outputs = scaled(full, width, MULTIPLE)
            # The stem's few channels are not grouped, as in the paper.
            layers.append(HalvingUnit(channels, outputs, length, GROUPS if stage > 0 else 1))
            length = length_after(length, 2)
            layers.extend(ShuffleUnit(outputs, length) for _ in range(repeats))
            channels = outputs
        super().__init__(nn.Sequential(*layers), channels, embedding_size)


def _branch(inputs: int, narrow: int, outputs: int, length: int, stride: int, groups: int) -> nn.Sequential:
    """Pointwise, shuffle, depthwise, pointwise; activated at its end where it is not going to be summed."""
    return nn.Sequential(
        convolution(inputs, narrow, 1, groups=groups),
        ChannelShuffle(GROUPS) if groups > 1 else nn.Identity(),
        convolution(narrow, narrow, kernel_for(length, stride), stride, narrow, bounded=False),
        convolution(narrow, outputs, 1, groups=GROUPS, bounded=stride > 1),
    )
