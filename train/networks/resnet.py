"""ResNet34 in one dimension (He et al. 2015, arXiv 1512.03385), written so that it exports well."""

from torch import Tensor, nn

from train.networks.base import WINDOW_SAMPLES, EmbeddingNetwork
from train.networks.blocks import convolution, kernel_for, length_after, scaled
from train.networks.rounding import BoundedReLU

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""(channels at width 1, basic blocks) of each stage, as in the paper's table 1; all but the first begin at stride 2."""
STEM_KERNEL = 7
"""Samples, 56 ms at 125 Hz: the paper's, as one line of it."""
KERNEL = 3
"""Samples. A line of the paper's 3x3 is enough here: a basic block stacks two, which see 5 samples, and 16 blocks
behind a stride of 4 see the whole window. Kernels of 5 would cost 11 instead of 7 million multiply-accumulates at
width 0.25."""


class BasicBlock(nn.Module):
    """Two convolutions beside a shortcut, whose sum is activated.

    Neither side of the sum has an activation of its own, so INT8 finds each its range and training rounds it to the
    batch's (``RoundedSignal``); an identity comes from an activation and has its range already.
    """

    def __init__(self, inputs: int, outputs: int, length: int, stride: int) -> None:
        """
        Args:
            inputs: channels in.
            outputs: channels out.
            length: samples of the input.
            stride: 1, or 2 to halve the length.
        """
        super().__init__()
        self.branch = nn.Sequential(
            convolution(inputs, outputs, kernel_for(length, stride, KERNEL), stride),
            convolution(outputs, outputs, KERNEL, bounded=False),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = convolution(inputs, outputs, 1, stride, bounded=False)
        self.activation = BoundedReLU()

    def forward(self, values: Tensor) -> Tensor:
        """Map (n, inputs, 1, length) to (n, outputs, 1, ceil(length / stride))."""
        activated: Tensor = self.activation(self.branch(values) + self.shortcut(values))
        return activated


class ResNet34(EmbeddingNetwork):
    """Windows to embeddings by residual blocks."""

    def __init__(self, width: float, embedding_size: int) -> None:
        """
        Args:
            width: factor on every channel count, 0.25 to 1.
            embedding_size: length of the embedding.
        """
        channels = scaled(STAGES[0][0], width)
        # The pool's 2 samples need no padding on the even length that the stem leaves; the paper's 3 would.
        layers: list[nn.Module] = [
            convolution(1, channels, kernel_for(WINDOW_SAMPLES, 2, STEM_KERNEL), 2),
            nn.MaxPool2d((1, 2)),
        ]
        length = length_after(WINDOW_SAMPLES, 4)
        for stage, (full, blocks) in enumerate(STAGES):
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(BasicBlock(channels, scaled(full, width), length, stride))
                length = length_after(length, stride)
                channels = scaled(full, width)
        super().__init__(nn.Sequential(*layers), channels, embedding_size)
