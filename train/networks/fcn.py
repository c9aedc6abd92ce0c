"""A fully convolutional network of few, plain convolutions: most of what a small processor does is multiply.

After Wang, Yan and Oates 2017, arXiv 1611.06455 (a baseline for time series), with strides in place of full length.
"""

from torch import nn

from train.networks.base import WINDOW_SAMPLES, EmbeddingNetwork
from train.networks.blocks import convolution, kernel_for, length_after, padding_for, scaled

LAYERS = ((96, 11, 4), (128, 5, 1), (192, 5, 2), (192, 3, 1), (256, 3, 2), (256, 3, 1), (320, 5, 2))
"""(channels at width 1, samples of the kernel, stride) of each convolution.

The first looks at 90 ms at once and leaves a quarter of the samples, so that no later layer is long.
"""


class Fcn(EmbeddingNetwork):
    """Windows to embeddings by seven convolutions."""

    def __init__(self, width: float, embedding_size: int) -> None:
        """
        Args:
            width: factor on every channel count, 0.25 to 1.
            embedding_size: length of the embedding.
        """
        channels, length = 1, WINDOW_SAMPLES
        layers: list[nn.Module] = []
        for full, odd, stride in LAYERS:
            kernel = kernel_for(length, stride, odd)
            outputs = scaled(full, width)
            layers.append(convolution(channels, outputs, kernel, stride, padding=padding_for(length, kernel, stride)))
            channels, length = outputs, length_after(length, stride)
        super().__init__(nn.Sequential(*layers), channels, embedding_size)
