import pytest
import torch

from train.losses import FitNetLoss


def loss_of(teacher_size: int = 4, student_size: int = 3) -> FitNetLoss:
    torch.manual_seed(0)
    return FitNetLoss(teacher_size, student_size)


def test_the_number_is_the_regressors_mean_squared_error() -> None:
    loss = loss_of()
    ft, fs = torch.randn(5, 4), torch.randn(5, 3)
    weights, bias = loss.regressor.weight.tolist(), loss.regressor.bias.tolist()
    total = 0.0
    for hint, features in zip(ft.tolist(), fs.tolist(), strict=True):
        for j in range(4):
            guess = bias[j] + sum(w * f for w, f in zip(weights[j], features, strict=True))
            total += (guess - hint[j]) ** 2
    value = loss(ft, fs)
    assert value.shape == ()
    assert value.item() == pytest.approx(total / (5 * 4), rel=1e-5)


def test_features_that_a_linear_map_gives_back_cost_nothing() -> None:
    loss = loss_of()
    fs = torch.randn(2, 3)
    assert loss(loss.regressor(fs), fs).item() == 0.0


def test_student_and_regressor_learn_and_the_teacher_does_not() -> None:
    loss = loss_of()
    ft, fs = torch.randn(2, 4, requires_grad=True), torch.randn(2, 3, requires_grad=True)
    loss(ft, fs).backward()
    assert ft.grad is None
    assert fs.grad is not None
    assert fs.grad.abs().sum() > 0
    assert all(one.grad is not None for one in loss.parameters())
