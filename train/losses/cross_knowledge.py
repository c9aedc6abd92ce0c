"""Teacher and student look at each other's features through their own classifiers."""

from collections.abc import Callable

from torch import Tensor

from train.losses.hinton import HintonLoss, softened_divergence


class CrossKnowledge:
    """The cross-knowledge assessment of arXiv 2501.01983.

    Half is the exam: the teacher's classifier grades the student's features, KL(Tcls(ft) || Tcls(fs)). Half is the
    review of the lesson: the student's classifier reads the teacher's features, KL(Scls(fs) || Scls(ft)). Each term is
    multiplied by the squared temperature, as in :class:`HintonLoss`.

    Both networks end in an embedding of one size, so their features fit each other's classifier by construction.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        """
        Args:
            temperature: divides all logits.
        """
        self._temperature = temperature
        self._exam = HintonLoss(temperature)

    def __call__(
        self,
        ft: Tensor,
        fs: Tensor,
        teacher_classifier: Callable[[Tensor], Tensor],
        student_classifier: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """Mean of exam and review, in nats.

        The exam teaches ``fs`` alone, provided that the caller has frozen the parameters of ``teacher_classifier``. The
        review teaches ``fs`` and the student's classifier, through both of its sides: the features move to where the
        classifier reads them as it reads the lesson, and the classifier learns to read the lesson as it reads them.
        The task's own loss has to keep the classifier from reading everything alike.

        Args:
            ft: (n, d), detached.
            fs: (n, d).
            teacher_classifier: (n, d) to logits (n, c), with frozen parameters.
            student_classifier: (n, d) to logits (n, c).

        Raises:
            ValueError: the features differ in size.
        """
        if ft.shape != fs.shape:
            raise ValueError(f"features of {tuple(ft.shape)} and {tuple(fs.shape)}: both need one shape")
        exam = self._exam(teacher_classifier(ft), teacher_classifier(fs))
        review = softened_divergence(student_classifier(fs), student_classifier(ft), self._temperature)
        return (exam + review) / 2.0
