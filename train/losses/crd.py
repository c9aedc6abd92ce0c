"""The student's features, told from those the teacher has of other people."""

from torch import Tensor

from train.losses.info_nce import InfoNCE
from train.losses.latent import LatentSpace


class ContrastiveRepresentationLoss(LatentSpace):
    """CRD-style distillation (Tian et al. 2020, arXiv 1910.10699).

    "-style", since there is no memory bank of 16,384 negatives: they come from the batch, and the estimator is InfoNCE.
    As there, anchors are of both sides, the projections are learned, and windows of the same person are no negatives.
    """

    def __init__(self, teacher_size: int, student_size: int, latent_size: int, temperature: float) -> None:
        """
        Args:
            teacher_size: length of the teacher's features.
            student_size: length of the student's.
            latent_size: length of both after projection; 128 in the authors' code.
            temperature: divides the cosines; 0.07 in the authors' code.
        """
        super().__init__(teacher_size, student_size, latent_size)
        self._info_nce = InfoNCE(temperature)

    def forward(self, ft: Tensor, fs: Tensor, labels: Tensor) -> Tensor:
        """Mean over anchors of both sides, in nats; 0 if all windows are of one person.

        Args:
            ft: (n, teacher_size), detached.
            fs: (n, student_size), row i synchronous with row i of ``ft``.
            labels: (n,) the person.
        """
        zt, zs = self.project(ft, fs)
        return self._info_nce(zt, zs, labels[:, None] != labels[None, :])
