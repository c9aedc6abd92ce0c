import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.losses import RelationalLoss


def huber(x: float) -> float:
    return 0.5 * x * x if abs(x) <= 1 else abs(x) - 0.5


def minus(x: list[float], y: list[float]) -> list[float]:
    return [a - b for a, b in zip(x, y, strict=True)]


def dot(x: list[float], y: list[float]) -> float:
    return sum(a * b for a, b in zip(x, y, strict=True))


def relative_distances(points: list[list[float]]) -> list[float]:
    n = len(points)
    found = [math.dist(points[i], points[j]) for i in range(n) for j in range(n) if i != j]
    return [one / (sum(found) / len(found)) for one in found]


def angles(points: list[list[float]]) -> list[float]:
    n = len(points)
    found = []
    for i in range(n):
        for j in range(n):
            for k in range(n):
                if len({i, j, k}) == 3:
                    first, second = minus(points[i], points[j]), minus(points[k], points[j])
                    found.append(dot(first, second) / math.sqrt(dot(first, first) * dot(second, second)))
    return found


def mean_huber(x: list[float], y: list[float]) -> float:
    return sum(huber(a - b) for a, b in zip(x, y, strict=True)) / len(x)


def expected(ft: list[list[float]], fs: list[list[float]]) -> float:
    return mean_huber(relative_distances(ft), relative_distances(fs)) + 2 * mean_huber(angles(ft), angles(fs))


@pytest.mark.parametrize("seed", range(4))
def test_the_number_is_of_distances_and_angles(seed: int) -> None:
    torch.manual_seed(seed)
    # Far-off points bring both branches of the Huber loss.
    ft, fs = torch.randn(5, 4), torch.randn(5, 3) ** 3
    loss = RelationalLoss()(ft, fs)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected(ft.tolist(), fs.tolist()), rel=1e-4)


@given(st.floats(-math.pi, math.pi), st.floats(0.05, 20.0), st.floats(-3.0, 3.0), st.integers(0, 99))
def test_turning_scaling_and_moving_either_changes_nothing(turn: float, scale: float, move: float, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    ft, fs = torch.randn(5, 2, generator=draw), torch.randn(5, 2, generator=draw)
    rotation = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    value = RelationalLoss()(ft, fs).item()
    assert RelationalLoss()(ft, scale * (fs @ rotation + move)).item() == pytest.approx(value, rel=1e-3, abs=1e-5)
    assert RelationalLoss()(scale * (ft @ rotation + move), fs).item() == pytest.approx(value, rel=1e-3, abs=1e-5)
    assert RelationalLoss()(ft, scale * (ft @ rotation + move)).item() == pytest.approx(0.0, abs=1e-5)


def test_only_the_student_is_taught() -> None:
    torch.manual_seed(0)
    ft, fs = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    loss = RelationalLoss()(ft, fs)
    loss.backward()
    assert ft.grad is None
    assert fs.grad is not None
    assert RelationalLoss()(ft, fs - 0.1 * fs.grad) < loss


def test_two_windows_have_neither_shape_nor_scale() -> None:
    fs = torch.randn(2, 3, requires_grad=True)
    loss = RelationalLoss()(torch.randn(2, 3), fs)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert fs.grad is not None
    assert fs.grad.isfinite().all()


@pytest.mark.parametrize("same", [2, 4])
def test_windows_that_coincide_leave_the_gradient_finite_and_small(same: int) -> None:
    torch.manual_seed(0)
    points = torch.randn(4, 3)
    points[:same] = points[0]
    fs = points.requires_grad_()
    loss = RelationalLoss()(torch.randn(4, 3), fs)
    loss.backward()
    assert math.isfinite(loss.item())
    assert fs.grad is not None
    assert fs.grad.abs().max() < 10.0
    assert math.isfinite(RelationalLoss()(points.detach(), torch.randn(4, 3)).item())


def test_a_student_that_says_the_same_of_all_has_neither_distances_nor_angles() -> None:
    torch.manual_seed(0)
    ft = torch.randn(4, 3)
    lessons = ft.tolist()
    silent = mean_huber(relative_distances(lessons), [0.0] * 12) + 2 * mean_huber(angles(lessons), [0.0] * 24)
    assert RelationalLoss()(ft, torch.ones(4, 3)).item() == pytest.approx(silent, rel=1e-5)
