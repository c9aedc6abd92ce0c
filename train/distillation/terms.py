"""The loss of a student, term by term."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from train.distillation.config import MethodConfig
from train.losses import (
    AlignmentLoss,
    ContrastiveRepresentationLoss,
    CrossKnowledge,
    CrossModalTriplet,
    FitNetLoss,
    HintonLoss,
    MaximumMeanDiscrepancy,
    RelationalLoss,
    RetrievalTriplet,
)

RELATIONAL_WINDOWS = 64
"""Of a batch; the angles of all triples of 128 would take twice as long as the network itself."""


class Terms(nn.Module):
    """Every term a method switches on, with the projections it trains.

    Windows whose ECG may not teach count in the task alone.
    """

    def __init__(self, method: MethodConfig, size: int) -> None:
        """
        Args:
            method: the weights.
            size: length of the features of teacher and student alike.
        """
        super().__init__()
        self._method = method
        self._task_triplet = RetrievalTriplet(method.triplet_margin)
        self._hinton = HintonLoss(method.temperature)
        self._mmd = MaximumMeanDiscrepancy()
        self._relation_triplet = CrossModalTriplet(method.triplet_margin)
        self._cross_knowledge = CrossKnowledge(method.temperature)
        self._relational = RelationalLoss()
        self.alignment = AlignmentLoss(size, size, method.latent_size, method.alignment_temperature)
        self.fitnet = FitNetLoss(size, size)
        self.contrastive = ContrastiveRepresentationLoss(size, size, method.latent_size, method.alignment_temperature)

    def task(self, fs: Tensor, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """L_task of every window: features (n, size), logits (n, classes), labels (n,)."""
        terms = {"task": functional.cross_entropy(logits, labels)}
        if self._method.task_triplet:
            terms["task triplet"] = self._method.task_triplet * self._task_triplet(fs, labels)
        return terms

    def lesson(
        self, ft: Tensor, fs: Tensor, labels: Tensor, teacher_classifier: nn.Linear, student_classifier: nn.Linear
    ) -> dict[str, Tensor]:
        """Every term that looks at the teacher, weighted, of windows whose ECG may teach.

        Args:
            ft: (n, size), detached.
            fs: (n, size).
            labels: (n,).
            teacher_classifier: frozen.
            student_classifier: the student's own.
        """
        method, terms = self._method, {}
        if method.kd:
            terms["kd"] = method.kd * self._hinton(teacher_classifier(ft), student_classifier(fs))
        if method.alignment or method.mmd or method.relation_triplet:
            terms |= self._aligned(ft, fs, labels)
        if method.cross_knowledge:
            assessed = self._cross_knowledge(ft, fs, teacher_classifier, student_classifier)
            terms["cross-knowledge"] = method.cross_knowledge * assessed
        if method.fitnet:
            terms["fitnet"] = method.fitnet * self.fitnet(ft, fs)
        if method.relational:
            few = slice(RELATIONAL_WINDOWS)
            terms["relational"] = method.relational * self._relational(ft[few], fs[few])
        if method.contrastive:
            terms["contrastive"] = method.contrastive * self.contrastive(ft, fs, labels)
        return terms

    def _aligned(self, ft: Tensor, fs: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The space is laid out by InfoNCE alone, and the student moves in it by the relation terms alone.

        As in L_all of the paper, which has no contrastive term: trained by InfoNCE, the student would have to tell
        moments of one person apart; and if the relation terms trained the space, it would shrink until all is alike.
        """
        method, terms = self._method, {}
        if method.alignment:
            terms["alignment"] = method.alignment * self.alignment(*self.alignment.project(ft, fs.detach()))
        zt, zs = self.alignment.project_only(ft, fs)
        if method.mmd:
            terms["mmd"] = method.mmd * self._mmd(zt, zs)
        if method.relation_triplet:
            terms["relation triplet"] = method.relation_triplet * self._relation_triplet(zs, zt, labels)
        return terms


def total(terms: dict[str, Tensor]) -> Tensor:
    """L_all."""
    return torch.stack(list(terms.values())).sum()
