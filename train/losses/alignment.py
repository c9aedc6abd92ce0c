"""ECG and PPG of one moment meet in one space; of different moments they part."""

import torch
from torch import Tensor

from train.losses.info_nce import InfoNCE
from train.losses.latent import LatentSpace


class AlignmentLoss(LatentSpace):
    """The knowledge alignment of arXiv 2501.01983, after CLIP (Radford et al. 2021, arXiv 2103.00020).

    Every other window of the batch is a negative, of the same person too: what is aligned is the moment. CLIP learns
    its temperature; here it is given.
    """

    def __init__(self, teacher_size: int, student_size: int, latent_size: int, temperature: float) -> None:
        """
        Args:
            teacher_size: length of the teacher's features.
            student_size: length of the student's.
            latent_size: length of both after projection.
            temperature: divides the cosines.
        """
        super().__init__(teacher_size, student_size, latent_size)
        self._info_nce = InfoNCE(temperature)

    def forward(self, zt: Tensor, zs: Tensor) -> Tensor:
        """Symmetric InfoNCE of synchronous pairs, in nats.

        Args:
            zt: (n, latent_size) as :meth:`project` gives it.
            zs: (n, latent_size), row i synchronous with row i of ``zt``.
        """
        return self._info_nce(zt, zs, ~torch.eye(zt.shape[0], dtype=torch.bool, device=zt.device))
