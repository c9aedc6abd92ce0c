"""The student's features, regressed on the teacher's."""

from torch import Tensor, nn
from torch.nn import functional


class FitNetLoss(nn.Module):
    """Hint regression (Romero et al. 2015, arXiv 1412.6550) of the last features, by a linear regressor."""

    def __init__(self, teacher_size: int, student_size: int) -> None:
        """
        Args:
            teacher_size: length of the teacher's features.
            student_size: length of the student's.
        """
        super().__init__()
        self.regressor = nn.Linear(student_size, teacher_size)

    def forward(self, ft: Tensor, fs: Tensor) -> Tensor:
        """Mean squared error a feature, in squared units of the teacher's features. The teacher gets no gradient.

        Args:
            ft: (n, teacher_size).
            fs: (n, student_size).
        """
        return functional.mse_loss(self.regressor(fs), ft.detach())
