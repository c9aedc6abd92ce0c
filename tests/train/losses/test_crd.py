import math

import pytest
import torch

from train.losses import ContrastiveRepresentationLoss

TEMPERATURE = 0.1
LABELS = [0, 0, 1, 2, 2, 2]


def loss_of() -> ContrastiveRepresentationLoss:
    torch.manual_seed(0)
    return ContrastiveRepresentationLoss(5, 3, 4, TEMPERATURE)


def expected(zt: list[list[float]], zs: list[list[float]], labels: list[int]) -> float:
    n = len(labels)
    total = 0.0
    for anchors, others in ((zt, zs), (zs, zt)):
        for i in range(n):
            weights = {}
            for j in range(n):
                if j == i or labels[j] != labels[i]:
                    likeness = sum(a * b for a, b in zip(anchors[i], others[j], strict=True))
                    weights[j] = math.exp(likeness / TEMPERATURE)
            total -= math.log(weights[i] / sum(weights.values()))
    return total / (2 * n)


@pytest.mark.parametrize("labels", [LABELS, [0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 1]])
def test_the_number_is_info_nce_against_other_people(labels: list[int]) -> None:
    loss = loss_of()
    ft, fs = torch.randn(6, 5), torch.randn(6, 3)
    zt, zs = loss.project(ft, fs)
    value = loss(ft, fs, torch.tensor(labels))
    assert value.shape == ()
    assert value.item() == pytest.approx(expected(zt.tolist(), zs.tolist(), labels), rel=1e-5)


def test_student_and_projections_learn() -> None:
    loss = loss_of()
    fs = torch.randn(6, 3, requires_grad=True)
    loss(torch.randn(6, 5), fs, torch.tensor(LABELS)).backward()
    assert fs.grad is not None
    assert fs.grad.abs().sum() > 0
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in loss.parameters())


@pytest.mark.parametrize("n", [2, 5])
def test_one_person_alone_gives_zero_to_go_back_from(n: int) -> None:
    loss = loss_of()
    fs = torch.randn(n, 3, requires_grad=True)
    value = loss(torch.randn(n, 5), fs, torch.full((n,), 7))
    value.backward()
    assert value.item() == 0.0
    assert fs.grad is not None
    assert fs.grad.abs().max() == 0.0


def test_two_windows_of_two_people_are_enough() -> None:
    loss = loss_of()
    ft, fs = torch.randn(2, 5), torch.randn(2, 3)
    zt, zs = loss.project(ft, fs)
    value = loss(ft, fs, torch.tensor([4, 9])).item()
    assert value == pytest.approx(expected(zt.tolist(), zs.tolist(), [4, 9]), rel=1e-5)
