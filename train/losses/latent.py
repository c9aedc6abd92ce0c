"""One space in which the features of teacher and student can be compared."""

from torch import Tensor, nn
from torch.nn import functional


class LatentSpace(nn.Module):
    """A linear projection a network, and unit length."""

    def __init__(self, teacher_size: int, student_size: int, latent_size: int) -> None:
        """
        Args:
            teacher_size: length of the teacher's features.
            student_size: length of the student's.
            latent_size: length of both after projection.
        """
        super().__init__()
        self.teacher = nn.Linear(teacher_size, latent_size)
        self.student = nn.Linear(student_size, latent_size)

    def project(self, ft: Tensor, fs: Tensor) -> tuple[Tensor, Tensor]:
        """Bring both into the space.

        Args:
            ft: (n, teacher_size).
            fs: (n, student_size).

        Returns:
            zt and zs, each (n, latent_size) with rows of length 1.
        """
        return functional.normalize(self.teacher(ft), dim=1), functional.normalize(self.student(fs), dim=1)

    def project_only(self, ft: Tensor, fs: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`project`, but only ``fs`` can learn from what is made of the result, not the projections."""
        zt, zs = (
            functional.linear(features, layer.weight.detach(), layer.bias.detach())
            for features, layer in ((ft, self.teacher), (fs, self.student))
        )
        return functional.normalize(zt, dim=1), functional.normalize(zs, dim=1)
