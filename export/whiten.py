"""Within-class covariance normalisation, folded into the last layer: better scores at no cost on the device."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.networks import EmbeddingNetwork
from train.selection import embed
from train.windows import PersonWindows

SHRINKAGE = 0.1
"""Share of the mean variance added to every direction, so that rare directions are not blown up in INT8."""

Floats = NDArray[np.float64]


def whitened(
    network: EmbeddingNetwork, people: list[PersonWindows], others: Sequence[PersonWindows] = ()
) -> EmbeddingNetwork:
    """A copy of the network whose embeddings vary alike in every direction within one person.

    Directions in which a person's own windows scatter count less in a cosine after it. Source: Hatch et al. 2006,
    "Within-class covariance normalization for SVM-based speaker recognition".

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


def whitening(kinds: Sequence[Sequence[NDArray[np.float32]]]) -> Floats:
    """The inverse square root (d, d) of the within-person covariance, the mean over kinds of sensor of each kind's own.

    Args:
        kinds: for each kind, unit embeddings (n, d) of each person.
    """
    covariance = np.mean([_scatter(people) for people in kinds], axis=0)
    size = len(covariance)
    values, vectors = np.linalg.eigh(covariance + SHRINKAGE * np.trace(covariance) / size * np.eye(size))
    root: Floats = vectors @ np.diag(values**-0.5) @ vectors.T
    # Scaled to keep the embedding's size: only directions matter, and INT8 ranges stay as they were.
    scaled: Floats = root / np.trace(root) * size
    return scaled


def _scatter(people: Sequence[NDArray[np.float32]]) -> Floats:
    """The within-person covariance (d, d), of trace 1, so that a noisier sensor does not outweigh another."""
    centred = np.concatenate([one.astype(np.float64) - one.mean(axis=0, dtype=np.float64) for one in people])
    covariance: Floats = centred.T @ centred
    scatter: Floats = covariance / np.trace(covariance)
    return scatter
