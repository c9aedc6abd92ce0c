import math

import pytest
import torch

from train.losses import CrossModalTriplet, RetrievalTriplet

MARGIN = 0.2
LABELS = [0, 0, 1, 1, 2]


def cosine(x: list[float], y: list[float]) -> float:
    dot = sum(a * b for a, b in zip(x, y, strict=True))
    return dot / math.sqrt(sum(a * a for a in x) * sum(b * b for b in y))


def expected(anchors: list[list[float]], others: list[list[float]], labels: list[int], *, synchronous: bool) -> float:
    violations = []
    n = len(labels)
    for a in range(n):
        for p in range(n):
            for k in range(n):
                if labels[p] != labels[a] or labels[k] == labels[a] or (not synchronous and p == a):
                    continue
                value = cosine(anchors[a], others[k]) - cosine(anchors[a], others[p]) + MARGIN
                if value > 0:
                    violations.append(value)
    return sum(violations) / len(violations) if violations else 0.0


@pytest.mark.parametrize("seed", range(4))
def test_the_number_across_modalities(seed: int) -> None:
    torch.manual_seed(seed)
    zs, zt = torch.randn(5, 3), torch.randn(5, 3)
    loss = CrossModalTriplet(MARGIN)(zs, zt, torch.tensor(LABELS))
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected(zs.tolist(), zt.tolist(), LABELS, synchronous=True), rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_number_within_the_student(seed: int) -> None:
    torch.manual_seed(seed)
    fs = torch.randn(5, 3)
    loss = RetrievalTriplet(MARGIN)(fs, torch.tensor(LABELS))
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected(fs.tolist(), fs.tolist(), LABELS, synchronous=False), rel=1e-5)
    assert RetrievalTriplet(MARGIN)(7.0 * fs, torch.tensor(LABELS)).item() == pytest.approx(loss.item(), rel=1e-5)


def test_the_synchronous_window_is_a_positive() -> None:
    # No one has a second window here: without the synchronous pairs there would be no triplet.
    zs, zt = torch.eye(2), torch.eye(2).roll(1, 0)
    assert CrossModalTriplet(MARGIN)(zs, zt, torch.arange(2)).item() == pytest.approx(1.0 + MARGIN)


def test_people_apart_by_the_margin_cost_nothing() -> None:
    features, labels = torch.eye(2).repeat_interleave(2, 0), torch.tensor([0, 0, 1, 1])
    assert CrossModalTriplet(MARGIN)(features, features, labels).item() == 0.0
    assert RetrievalTriplet(MARGIN)(features, labels).item() == 0.0


def test_a_student_window_goes_to_its_person_and_from_the_other() -> None:
    zt = torch.eye(2, requires_grad=True)
    zs = torch.tensor([[1.0, 1.0], [0.0, 1.0]], requires_grad=True)
    CrossModalTriplet(MARGIN)(zs, zt.detach(), torch.arange(2)).backward()
    assert zt.grad is None
    assert zs.grad is not None
    assert zs.grad[0, 0] < 0 < zs.grad[0, 1]
    assert zs.grad[1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_without_a_triplet_there_is_a_zero_to_go_back_from(labels: list[int]) -> None:
    fs = torch.randn(3, 4, requires_grad=True)
    loss = RetrievalTriplet(MARGIN)(fs, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0.0
    assert fs.grad is not None
    assert fs.grad.abs().max() == 0.0


def test_one_person_across_modalities_gives_zero() -> None:
    zs = torch.randn(2, 4, requires_grad=True)
    loss = CrossModalTriplet(MARGIN)(zs, torch.randn(2, 4), torch.zeros(2, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0.0
    assert zs.grad is not None


def test_features_without_a_direction_leave_it_finite() -> None:
    fs = torch.zeros(4, 3, requires_grad=True)
    loss = RetrievalTriplet(MARGIN)(fs, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(MARGIN)
    assert fs.grad is not None
    assert fs.grad.isfinite().all()
