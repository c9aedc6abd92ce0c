"""Not where the teacher puts windows, but how they lie to one another."""

import torch
from torch import Tensor
from torch.nn import functional

DISTANCE_WEIGHT = 1.0
ANGLE_WEIGHT = 2.0
"""The paper's, where both terms are used."""
COINCIDENT = 1e-7
"""Nearer than this two windows have no direction from one to the other."""


class RelationalLoss:
    """Distances of pairs and angles of triples (Park et al. 2019, arXiv 1904.05068), by the Huber loss with delta 1.

    Distances are in units of their mean over the batch, each network's own. Sizes of the features may differ.
    """

    def __call__(self, ft: Tensor, fs: Tensor) -> Tensor:
        """Weighted sum of the two means, no unit. The teacher gets no gradient. Memory grows with n^3 and n^2 d.

        Args:
            ft: (n, d_t).
            fs: (n, d_s).
        """
        ft = ft.detach()
        distance = functional.huber_loss(_relative_distances(fs), _relative_distances(ft))
        return DISTANCE_WEIGHT * distance + ANGLE_WEIGHT * _angle_loss(_angles(ft), _angles(fs))


def _relative_distances(features: Tensor) -> Tensor:
    """One number a pair, (n (n - 1) / 2,), with mean 1."""
    distances = functional.pdist(features)
    return distances / distances.mean().clamp_min(COINCIDENT)


def _angles(features: Tensor) -> Tensor:
    """(n, n, n): at [j, i, k] the cosine of the angle at j between i and k; 0 where there is none."""
    away = features[None, :, :] - features[:, None, :]
    length = torch.linalg.vector_norm(away, dim=2, keepdim=True)
    # Multiplied, not only clamped: a direction out of rounding noise would have a gradient of 1 / COINCIDENT.
    direction = away / length.clamp_min(COINCIDENT) * (length > COINCIDENT)
    cosines: Tensor = direction @ direction.transpose(1, 2)
    return cosines


def _angle_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """Mean over the n (n - 1) (n - 2) triples of three windows; 0 if there are but two."""
    n = teacher.shape[0]
    # Where i or k is j both networks say 0; where i is k there is no angle either.
    once = ~torch.eye(n, dtype=torch.bool, device=teacher.device)
    total = functional.huber_loss(student * once, teacher * once, reduction="sum")
    return total / max(1, n * (n - 1) * (n - 2))
