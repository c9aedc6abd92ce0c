from collections.abc import Callable

import pytest
import torch
from torch import nn

from train.distillation.config import DistillationConfig
from train.distillation.terms import RELATIONAL_WINDOWS, Terms, total
from train.losses import HintonLoss, RelationalLoss

Tiny = Callable[..., DistillationConfig]
SIZE = 16


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    ft = torch.randn(12, SIZE, generator=generator)
    fs = torch.randn(12, SIZE, generator=generator).requires_grad_()
    return ft, fs, torch.arange(12) // 3


def lesson(terms: Terms, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    teacher, student = nn.Linear(SIZE, 4).requires_grad_(False), nn.Linear(SIZE, 4)
    return terms.lesson(*batch, teacher, student)


def test_infonce_lays_out_the_space_and_leaves_the_student_alone(
    tiny: Tiny, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    terms = Terms(tiny("cmkd_mobilenet").method, SIZE)
    lesson(terms, batch)["alignment"].backward()
    assert batch[1].grad is None
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in terms.alignment.parameters())


@pytest.mark.parametrize(("config", "term"), [("cmkd_mobilenet", "mmd"), ("unseen_cmkd_mobilenet", "relation triplet")])
def test_relation_terms_move_the_student_and_leave_the_space_alone(
    tiny: Tiny, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor], config: str, term: str
) -> None:
    terms = Terms(tiny(config).method, SIZE)
    lesson(terms, batch)[term].backward()
    assert batch[1].grad is not None
    assert batch[1].grad.abs().sum() > 0
    assert all(p.grad is None for p in terms.alignment.parameters())
    zt, zs = terms.alignment.project_only(*batch[:2])
    for only, both in zip((zt, zs), terms.alignment.project(*batch[:2]), strict=True):
        assert torch.equal(only, both)


def test_terms_are_weighted_and_added(tiny: Tiny, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    method = tiny("hinton_shufflenet").method
    found = lesson(Terms(method, SIZE), batch)
    assert set(found) == {"kd"}
    torch.manual_seed(1)
    teacher, student = nn.Linear(SIZE, 4), nn.Linear(SIZE, 4)
    expected = HintonLoss(method.temperature)(teacher(batch[0]), student(batch[1]))
    assert found["kd"].item() == pytest.approx(method.kd * expected.item(), rel=1e-5)
    assert total({"a": torch.tensor(1.5), "b": torch.tensor(2.0)}).item() == 3.5


def test_relations_are_of_the_first_windows(tiny: Tiny) -> None:
    terms = Terms(tiny("rkd_shufflenet").method, SIZE)
    ft, fs = torch.randn(2, RELATIONAL_WINDOWS + 9, SIZE, generator=torch.Generator().manual_seed(2))
    found = lesson(terms, (ft, fs, torch.zeros(len(ft), dtype=torch.long)))["relational"]
    expected = RelationalLoss()(ft[:RELATIONAL_WINDOWS], fs[:RELATIONAL_WINDOWS])
    assert found.item() == pytest.approx(tiny("rkd_shufflenet").method.relational * expected.item(), rel=1e-5)


def test_a_method_without_terms_is_the_task_alone(
    tiny: Tiny, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    terms = Terms(tiny("none_mobilenet").method, SIZE)
    assert lesson(terms, batch) == {}
    assert set(terms.task(batch[1], torch.zeros(12, 4), batch[2])) == {"task"}
    assert set(Terms(tiny("unseen_none_mobilenet").method, SIZE).task(batch[1], torch.zeros(12, 4), batch[2])) == {
        "task",
        "task triplet",
    }
