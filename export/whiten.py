"""Within-class covariance normalisation, folded into the last layer: better scores at no cost on the device."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from train.networks import EmbeddingNetwork
from train.selection import embed
from train.whitening import whitening
from train.windows import PersonWindows


def whitened(
    network: EmbeddingNetwork, people: list[PersonWindows], others: Sequence[PersonWindows] = ()
) -> EmbeddingNetwork:
    """A copy of the network whose embeddings vary alike in every direction within one person.

    Directions in which a person's own windows scatter count less in a cosine after it (`train.whitening`).

    Args:
        network: trained, in evaluation mode.
        people: windows of people who trained.
        others: windows of people with another kind of sensor, who count as much as all of the former.
    """
    kinds = [[embed(network, one.pulse) for one in kind if len(one.pulse) > 1] for kind in (people, others)]
    matrix = torch.from_numpy(whitening([kind for kind in kinds if kind]))
    folded = copy.deepcopy(network).double()
    layer, norm = folded.embedding, folded.norm
    with torch.no_grad():
        mean: Tensor = norm.state_dict()["running_mean"]
        deviation = (norm.state_dict()["running_var"] + norm.eps).sqrt()
        gain = norm.weight / deviation
        bias = norm.bias - mean * gain
        layer.weight.copy_((matrix @ (gain[:, None] * layer.weight[:, :, 0, 0]))[:, :, None, None])
        norm.weight.copy_(deviation)
        norm.bias.copy_(matrix @ bias + mean)
    return folded.float().eval()
