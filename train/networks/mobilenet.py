"""MobileNetV1 in one dimension (Howard et al. 2017, arXiv 1704.04861), written so that it exports well."""

from torch import nn

from train.networks.base import WINDOW_SAMPLES, EmbeddingNetwork
from train.networks.blocks import convolution, kernel_for, length_after, scaled

STEM_CHANNELS = 32
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""(channels at width 1, stride) of each depthwise-separable block, as in the paper's table 1."""


class MobileNetV1(EmbeddingNetwork):
    """Windows to embeddings by depthwise-separable convolutions."""

    def __init__(self, width: float, embedding_size: int) -> None:
        """
        Args:
            width: factor on every channel count, 0.25 to 1.
            embedding_size: length of the embedding.
        """
        channels = scaled(STEM_CHANNELS, width)
        layers = [convolution(1, channels, kernel_for(WINDOW_SAMPLES, 2), 2)]
        length = length_after(WINDOW_SAMPLES, 2)
        for full, stride in BLOCKS:
            layers.append(convolution(channels, channels, kernel_for(length, stride), stride, channels))
            length = length_after(length, stride)
            layers.append(convolution(channels, scaled(full, width), 1))
            channels = scaled(full, width)
        super().__init__(nn.Sequential(*layers), channels, embedding_size)
