"""How far apart two sets of features lie, as distributions."""

import torch
from torch import Tensor

BANDWIDTHS = (0.25, 0.5, 1.0)
"""In units of the latent space, whose points have length 1: unrelated ones are sqrt(2) apart, and no two more than 2.
The widest kernel still has a slope there; the narrowest tells apart neighbours of cosine 0.97 (a distance of 0.25)."""


class MaximumMeanDiscrepancy:
    """Squared MMD (Gretton et al. 2012, JMLR 13) with the mean of several Gaussian kernels."""

    def __init__(self, bandwidths: tuple[float, ...] = BANDWIDTHS) -> None:
        """
        Args:
            bandwidths: standard deviations b of the kernels exp(-|x - y|^2 / (2 b^2)).
        """
        self._bandwidths = bandwidths

    def __call__(self, zt: Tensor, zs: Tensor) -> Tensor:
        """The biased estimate (V-statistic), between 0 and 2.

        Args:
            zt: (n, d).
            zs: (m, d).
        """
        within = self._kernel(zt, zt).mean() + self._kernel(zs, zs).mean()
        # Rounding may leave a value of nearly 0 below it.
        return (within - 2.0 * self._kernel(zt, zs).mean()).clamp_min(0.0)

    def _kernel(self, x: Tensor, y: Tensor) -> Tensor:
        # The way over matrix products loses what is small against 1, and here that is what counts.
        squared = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square()
        return torch.stack([torch.exp(-squared / (2.0 * b * b)) for b in self._bandwidths]).mean(dim=0)
