"""InfoNCE between two views of the same windows, both ways."""

import torch
from pytorch_metric_learning.losses import SupConLoss
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor


class InfoNCE:
    """Cross-entropy of finding a window's other view among candidates (van den Oord et al. 2018, arXiv 1807.03748).

    SupConLoss with one positive an anchor is this loss. NTXentLoss is too, but needs n times the memory, and below a
    temperature of 0.023 its posteriors can underflow, which takes the gradient from the worst pairs. SupConLoss's own
    reducer would leave anchors of loss 0 out of the mean.
    """

    def __init__(self, temperature: float) -> None:
        """
        Args:
            temperature: divides the cosines.
        """
        self._loss = SupConLoss(temperature, reducer=MeanReducer())

    def __call__(self, zt: Tensor, zs: Tensor, opposed: Tensor) -> Tensor:
        """Mean over both directions in nats; 0 if nothing is opposed.

        Args:
            zt: (n, d).
            zs: (n, d); row i is another view of row i of ``zt``.
            opposed: (n, n) bool, symmetric, false on the diagonal: which windows are negatives of which.
        """
        pair = torch.arange(zt.shape[0], device=zt.device)
        pairs = (pair, pair, *torch.where(opposed))
        to_student: Tensor = self._loss(zt, indices_tuple=pairs, ref_emb=zs)
        to_teacher: Tensor = self._loss(zs, indices_tuple=pairs, ref_emb=zt)
        return (to_student + to_teacher) / 2.0
