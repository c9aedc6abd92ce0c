import math
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.losses import MaximumMeanDiscrepancy
from train.losses.mmd import BANDWIDTHS


def kernel(x: list[float], y: list[float], bandwidths: tuple[float, ...]) -> float:
    squared = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    return sum(math.exp(-squared / (2 * b**2)) for b in bandwidths) / len(bandwidths)


def mean_kernel(xs: list[list[float]], ys: list[list[float]], bandwidths: tuple[float, ...]) -> float:
    return sum(kernel(x, y, bandwidths) for x in xs for y in ys) / (len(xs) * len(ys))


def expected(xs: list[list[float]], ys: list[list[float]], bandwidths: tuple[float, ...]) -> float:
    return mean_kernel(xs, xs, bandwidths) + mean_kernel(ys, ys, bandwidths) - 2 * mean_kernel(xs, ys, bandwidths)


@pytest.mark.parametrize("bandwidths", [BANDWIDTHS, (0.3,)])
def test_the_number_is_the_biased_estimate(bandwidths: tuple[float, ...]) -> None:
    torch.manual_seed(0)
    zt = torch.nn.functional.normalize(torch.randn(4, 3), dim=1)
    zs = torch.nn.functional.normalize(torch.randn(6, 3), dim=1)
    loss = MaximumMeanDiscrepancy(bandwidths)(zt, zs)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected(zt.tolist(), zs.tolist(), bandwidths), rel=1e-5)


points = st.lists(st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=2), min_size=2, max_size=5)


@given(points, points, st.randoms(use_true_random=False))
def test_it_is_of_sets_not_of_pairs_and_never_negative(
    xs: list[list[float]], ys: list[list[float]], random: Random
) -> None:
    loss = MaximumMeanDiscrepancy()
    value = loss(torch.tensor(xs), torch.tensor(ys)).item()
    assert 0.0 <= value <= 2.0
    mixed = random.sample(xs, len(xs))
    assert loss(torch.tensor(mixed), torch.tensor(ys)).item() == pytest.approx(value, abs=1e-6)
    assert loss(torch.tensor(ys), torch.tensor(xs)).item() == pytest.approx(value, abs=1e-6)
    assert loss(torch.tensor(mixed), torch.tensor(xs)).item() == pytest.approx(0.0, abs=1e-6)


def test_it_draws_the_student_to_the_teacher() -> None:
    zt = torch.tensor([[1.0, 0.0], [0.9, 0.1]])
    zs = torch.tensor([[0.0, 1.0], [0.1, 0.9]], requires_grad=True)
    loss = MaximumMeanDiscrepancy()(zt, zs)
    loss.backward()
    assert zs.grad is not None
    nearer = (zs - 0.1 * zs.grad).detach()
    assert MaximumMeanDiscrepancy()(zt, nearer) < loss


def test_points_that_coincide_leave_the_gradient_finite() -> None:
    zs = torch.ones(3, 2, requires_grad=True)
    MaximumMeanDiscrepancy()(torch.ones(3, 2), zs).backward()
    assert zs.grad is not None
    assert zs.grad.abs().max() == 0.0


def test_rounding_does_not_bring_it_below_zero() -> None:
    for seed in range(50):
        draw = torch.Generator().manual_seed(seed)
        points = torch.randn(9, 4, generator=draw)
        order = torch.randperm(9, generator=draw)
        assert MaximumMeanDiscrepancy()(points, points[order]) >= 0.0
