"""Networks of the field that read a pulse as an image, small enough to be trained on one core."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from train.networks.base import EmbeddingNetwork
from train.networks.measures import mac_count
from train.references.scalogram import Scalogram

CHANNELS = 48
PATCH = (3, 6)
"""Rows (scales) and columns (moments) of a patch: 8 x 8 patches an image."""
KERNEL = 5
MIXER_DEPTH = 6
HEADS = 4
ATTENTION_BLOCKS = 2
HYBRID_MIXER_DEPTH = 4


class Mixer(nn.Module):
    """A ConvMixer block: a depthwise convolution beside a shortcut, then one across channels (arXiv 2201.09792)."""

    def __init__(self, channels: int) -> None:
        """
        Args:
            channels: in and out.
        """
        super().__init__()
        self.within = _activated(nn.Conv2d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels), channels)
        self.across = _activated(nn.Conv2d(channels, channels, 1), channels)

    def forward(self, values: Tensor) -> Tensor:
        """Mix, (n, channels, rows, columns) to the same shape."""
        mixed: Tensor = self.across(self.within(values) + values)
        return mixed


def _activated(convolution: nn.Conv2d, channels: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.GELU(), nn.BatchNorm2d(channels))


class Attention(nn.Module):
    """A CvT block: attention whose queries, keys and values are projected by convolutions (arXiv 2103.15808).

    Keys and values at every second row and column, as in the paper's section 3.2; a pointwise network follows.
    """

    def __init__(self, channels: int) -> None:
        """
        Args:
            channels: in and out, a multiple of HEADS.
        """
        super().__init__()
        self.before = nn.GroupNorm(1, channels)
        self.query, self.key, self.value = (_projection(channels, stride) for stride in (1, 2, 2))
        self.out = nn.Conv2d(channels, channels, 1)
        self.pointwise = nn.Sequential(
            nn.GroupNorm(1, channels),
            nn.Conv2d(channels, 2 * channels, 1),
            nn.GELU(),
            nn.Conv2d(2 * channels, channels, 1),
        )

    def forward(self, values: Tensor) -> Tensor:
        """Attend, (n, channels, rows, columns) to the same shape."""
        normed = self.before(values)
        query, key, value = (_heads(part(normed)) for part in (self.query, self.key, self.value))
        seen = functional.scaled_dot_product_attention(query, key, value)
        attended = values + self.out(seen.transpose(2, 3).reshape(values.shape))
        mixed: Tensor = attended + self.pointwise(attended)
        return mixed


def _projection(channels: int, stride: int) -> nn.Sequential:
    depthwise = nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False)
    return nn.Sequential(depthwise, nn.BatchNorm2d(channels), nn.Conv2d(channels, channels, 1))


def _heads(values: Tensor) -> Tensor:
    """(n, channels, rows, columns) to (n, HEADS, tokens, channels / HEADS)."""
    n, channels = values.shape[:2]
    return values.reshape(n, HEADS, channels // HEADS, -1).transpose(2, 3)


def scalogram_convmixer(embedding_size: int) -> EmbeddingNetwork:
    """Patches of the scalogram, mixed within and across channels."""
    patches = _activated(nn.Conv2d(1, CHANNELS, PATCH, PATCH), CHANNELS)
    mixers = [Mixer(CHANNELS) for _ in range(MIXER_DEPTH)]
    return EmbeddingNetwork(nn.Sequential(Scalogram(), patches, *mixers), CHANNELS, embedding_size)


def cvt_convmixer(embedding_size: int) -> EmbeddingNetwork:
    """A convolutional token embedding and attention of CvT, then ConvMixer blocks, on the scalogram.

    Ibrahim et al. 2023, doi:10.3390/s24010015, let both work beside each other and fuse their features; one behind the
    other needs no fusion, and costs half.
    """
    overlapping = nn.Conv2d(1, CHANNELS, (5, 8), PATCH, padding=(1, 1))
    tokens = nn.Sequential(overlapping, nn.GroupNorm(1, CHANNELS))
    blocks = [Attention(CHANNELS) for _ in range(ATTENTION_BLOCKS)]
    mixers = [Mixer(CHANNELS) for _ in range(HYBRID_MIXER_DEPTH)]
    return EmbeddingNetwork(nn.Sequential(Scalogram(), tokens, *blocks, *mixers), CHANNELS, embedding_size)


NETWORKS: dict[str, Callable[[int], EmbeddingNetwork]] = {
    "scalogram-convmixer": scalogram_convmixer,
    "cvt-convmixer": cvt_convmixer,
}


def whole_mac_count(network: EmbeddingNetwork) -> int:
    """Multiply-accumulates of one window: convolutions, the wavelet transform and the products of attention."""
    products = 0

    def count(_: nn.Module, inputs: tuple[Tensor, ...], __: object) -> None:
        nonlocal products
        channels, rows, columns = inputs[0].shape[1:]
        seen = -(-rows // 2) * -(-columns // 2)
        products += 2 * rows * columns * seen * channels

    hooks = [one.register_forward_hook(count) for one in network.modules() if isinstance(one, Attention)]
    convolutions = mac_count(network)
    for hook in hooks:
        hook.remove()
    transforms = sum(one.macs for one in network.modules() if isinstance(one, Scalogram))
    return convolutions + products + transforms
