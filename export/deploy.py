"""The graph that ships: the trained network's answers from fewer and better-scaled operators."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from train.networks import EmbeddingNetwork
from train.networks.blocks import ChannelShuffle
from train.networks.rounding import BOUND, BoundedReLU

LARGEST_GAIN = 4.0
"""Most that a channel's activations are multiplied by; a channel that hardly speaks is not made to shout."""


def deployable(network: EmbeddingNetwork, windows: NDArray[np.float32]) -> EmbeddingNetwork:
    """A copy of a network that answers alike, made for export.

    Batch norms are folded into their convolutions, channel shuffles into the grouped convolution before them, and the
    channels of a chain of convolutions are scaled to use the range that INT8 gives them.

    Args:
        network: trained, in evaluation mode.
        windows: (n, 300) of people who trained; ranges are taken from them.
    """
    deployed = copy.deepcopy(network)
    _fold_norms(deployed)
    _fold_shuffles(deployed)
    _equalise(deployed, torch.from_numpy(windows)[:, None, None, :])
    return deployed


def _fold_norms(network: nn.Module) -> None:
    for part in network.modules():
        if isinstance(part, nn.Sequential):
            for at in range(len(part) - 1):
                convolution, norm = part[at], part[at + 1]
                if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    part[at], part[at + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()


def _fold_shuffles(network: nn.Module) -> None:
    """A grouped convolution and a shuffle become one convolution of block-diagonal weights whose rows are dealt out.

    It multiplies by zeros and is still faster: a shuffle is two reshapes and a transposition.
    """
    for part in network.modules():
        if isinstance(part, nn.Sequential) and len(part) > 1 and isinstance(part[1], ChannelShuffle):
            before, shuffle = part[0], part[1]
            assert isinstance(before, nn.Sequential)
            before[0], part[1] = _shuffled(before[0], shuffle), nn.Identity()


def _shuffled(grouped: nn.Module, shuffle: ChannelShuffle) -> nn.Conv2d:
    """The one convolution of kernel 1 that does what a grouped one and a shuffle do."""
    assert isinstance(grouped, nn.Conv2d)
    assert grouped.bias is not None
    channels = torch.arange(grouped.out_channels, dtype=torch.float32)
    order = shuffle(channels[None, :, None, None]).flatten().long()
    blocks = grouped.weight[:, :, 0, 0].chunk(grouped.groups)
    dense = nn.Conv2d(grouped.in_channels, grouped.out_channels, 1)
    assert dense.bias is not None
    with torch.no_grad():
        rows: Tensor = torch.block_diag(*blocks)[order]  # type: ignore[no-untyped-call]
        dense.weight.copy_(rows[:, :, None, None])
        dense.bias.copy_(grouped.bias[order])
    return dense


def _equalise(network: EmbeddingNetwork, windows: Tensor) -> None:
    """Scale each channel of a chain towards the bound of its activation, and undo it in the weights that read it.

    Cross-layer equalisation (Nagel et al. 2019, arXiv 1906.04721), by measured ranges: all channels of a tensor share
    one INT8 scale, and one that only reaches 1 of 6 would have a sixth of its steps. A network that is no chain is left
    as it is: sums tie its channels together.
    """
    convolutions = [_chained(block) for block in network.features]
    if None in convolutions:
        return
    chain = [convolution for convolution in convolutions if convolution is not None]
    with torch.no_grad():
        for writer, reader in zip(chain, [*chain[1:], network.embedding], strict=True):
            assert writer.bias is not None
            windows = functional.hardtanh(writer(windows), 0.0, BOUND)
            largest = windows.amax(dim=(0, 2, 3)).clamp_min(1e-3)
            gain = (BOUND / largest).clamp(1.0, LARGEST_GAIN).sqrt()
            writer.weight.mul_(gain[:, None, None, None])
            writer.bias.mul_(gain)
            windows = windows * gain[None, :, None, None]
            reader.weight.div_(gain[:, None, None, None] if reader.groups > 1 else gain[None, :, None, None])


def _chained(block: nn.Module) -> nn.Conv2d | None:
    """A block's convolution, if it is one with a bounded activation whose channels are read one by one or all."""
    parts = [part for part in block.children() if not isinstance(part, nn.Identity)]
    if len(parts) != 2 or not isinstance(parts[0], nn.Conv2d) or not isinstance(parts[1], BoundedReLU):
        return None
    return parts[0] if parts[0].groups in (1, parts[0].in_channels) else None
