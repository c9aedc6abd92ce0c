"""What the teacher answers, softened, as the student's target."""

from torch import Tensor
from torch.nn import functional


class HintonLoss:
    """Divergence of the student's softened posteriors from the teacher's (Hinton et al. 2015, arXiv 1503.02531)."""

    def __init__(self, temperature: float) -> None:
        """
        Args:
            temperature: divides the logits; 1 leaves them, more flattens the posteriors.
        """
        self._temperature = temperature

    def __call__(self, teacher_logits: Tensor, student_logits: Tensor) -> Tensor:
        """KL(teacher || student) in nats, times the squared temperature. The teacher gets no gradient.

        Args:
            teacher_logits: (n, c).
            student_logits: (n, c).
        """
        return softened_divergence(teacher_logits.detach(), student_logits, self._temperature)


def softened_divergence(p_logits: Tensor, q_logits: Tensor, temperature: float) -> Tensor:
    """KL(p || q) of softened posteriors in nats, times T squared; logits are (n, c), both sides get gradients."""
    divergence = functional.kl_div(
        functional.log_softmax(q_logits / temperature, dim=1),
        functional.log_softmax(p_logits / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    # Gradients of softened logits shrink with the square of the temperature.
    return divergence * temperature**2
