import math

import pytest
import torch
from torch import nn

from train.losses import CrossKnowledge

SIZE, CLASSES = 3, 4


def classifiers() -> tuple[nn.Linear, nn.Linear]:
    torch.manual_seed(0)
    return nn.Linear(SIZE, CLASSES).requires_grad_(False), nn.Linear(SIZE, CLASSES)


def posteriors(layer: nn.Linear, features: list[float], temperature: float) -> list[float]:
    logits = []
    for weights, bias in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True):
        logits.append(bias + sum(w * f for w, f in zip(weights, features, strict=True)))
    scaled = [math.exp(one / temperature) for one in logits]
    return [one / sum(scaled) for one in scaled]


def divergence(p: list[float], q: list[float]) -> float:
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize("t", [1.0, 3.0])
def test_the_number_is_the_mean_of_exam_and_review(t: float) -> None:
    teacher, student = classifiers()
    ft, fs = torch.randn(5, SIZE), torch.randn(5, SIZE)
    total = 0.0
    for lesson, own in zip(ft.tolist(), fs.tolist(), strict=True):
        total += divergence(posteriors(teacher, lesson, t), posteriors(teacher, own, t))
        total += divergence(posteriors(student, own, t), posteriors(student, lesson, t))
    loss = CrossKnowledge(t)(ft, fs, teacher, student)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(t**2 * total / (2 * 5), rel=1e-4)


def test_a_student_that_has_the_teachers_features_has_nothing_to_learn() -> None:
    teacher, student = classifiers()
    ft = torch.randn(2, SIZE)
    fs = ft.clone().requires_grad_()
    loss = CrossKnowledge()(ft, fs, teacher, student)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert fs.grad is not None
    assert fs.grad.abs().max() < 1e-6


def test_the_student_is_taught_and_the_teacher_is_not() -> None:
    teacher, student = classifiers()
    before = teacher.weight.clone()
    ft, fs = torch.randn(4, SIZE), torch.randn(4, SIZE, requires_grad=True)
    optimiser = torch.optim.SGD([*teacher.parameters(), *student.parameters(), fs], lr=0.1)
    loss = CrossKnowledge()(ft, fs, teacher, student)
    loss.backward()
    optimiser.step()
    assert fs.grad is not None
    assert fs.grad.abs().sum() > 0
    assert student.weight.grad is not None
    assert student.weight.grad.abs().sum() > 0
    assert teacher.weight.grad is None
    assert torch.equal(teacher.weight, before)
    assert CrossKnowledge()(ft, fs, teacher, student) < loss


def test_the_exam_alone_reaches_the_features_through_the_frozen_classifier() -> None:
    teacher, student = classifiers()
    nn.init.zeros_(student.weight)
    fs = torch.randn(4, SIZE, requires_grad=True)
    CrossKnowledge()(torch.randn(4, SIZE), fs, teacher, student).backward()
    # A classifier that reads all alike has no review to give.
    assert fs.grad is not None
    assert fs.grad.abs().sum() > 0
    assert student.weight.grad is not None
    assert student.weight.grad.abs().max() < 1e-7


def test_features_of_two_sizes_are_refused() -> None:
    teacher, student = classifiers()
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(2, 5\)"):
        CrossKnowledge()(torch.randn(2, SIZE), torch.randn(2, 5), teacher, student)
