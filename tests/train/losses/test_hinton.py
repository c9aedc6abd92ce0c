import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.losses import HintonLoss

TEACHER = [[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]]
STUDENT = [[1.0, 0.0, 0.0], [-1.0, 0.5, 2.0]]


def posteriors(logits: list[float], temperature: float) -> list[float]:
    weights = [math.exp(one / temperature) for one in logits]
    return [one / sum(weights) for one in weights]


def expected(teacher: list[list[float]], student: list[list[float]], temperature: float) -> float:
    total = 0.0
    for of, by in zip(teacher, student, strict=True):
        for p, q in zip(posteriors(of, temperature), posteriors(by, temperature), strict=True):
            total += p * (math.log(p) - math.log(q))
    return temperature**2 * total / len(teacher)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_number_is_the_divergence_of_softened_posteriors(temperature: float) -> None:
    loss = HintonLoss(temperature)(torch.tensor(TEACHER), torch.tensor(STUDENT))
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected(TEACHER, STUDENT, temperature), rel=1e-5)


logits = st.lists(st.lists(st.floats(-20, 20, width=32), min_size=3, max_size=3), min_size=2, max_size=2)


@given(logits, logits, st.floats(0.5, 8.0))
def test_it_is_never_negative_and_zero_for_equals(
    teacher: list[list[float]], student: list[list[float]], t: float
) -> None:
    of, by = torch.tensor(teacher), torch.tensor(student)
    assert HintonLoss(t)(of, by).item() >= -1e-4
    assert HintonLoss(t)(of, of + 3.0).item() == pytest.approx(0.0, abs=1e-4)


def test_only_the_student_is_taught() -> None:
    of, by = torch.tensor(TEACHER, requires_grad=True), torch.tensor(STUDENT, requires_grad=True)
    HintonLoss(2.0)(of, by).backward()
    assert of.grad is None
    assert by.grad is not None
    # The gradient in a logit is T (q - p) / n.
    for row in range(2):
        p, q = posteriors(TEACHER[row], 2.0), posteriors(STUDENT[row], 2.0)
        assert by.grad[row].tolist() == pytest.approx([(b - a) for a, b in zip(p, q, strict=True)], abs=1e-6)


def test_certain_posteriors_leave_it_finite() -> None:
    by = torch.tensor([[-1e4, 1e4], [1e4, -1e4]], requires_grad=True)
    loss = HintonLoss(1.0)(torch.tensor([[1e4, -1e4], [1e4, -1e4]]), by)
    loss.backward()
    assert math.isfinite(loss.item())
    assert by.grad is not None
    assert by.grad.isfinite().all()
