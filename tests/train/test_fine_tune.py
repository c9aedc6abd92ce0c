import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from train.fine_tune import FineTuning, fine_tuned
from train.networks import EmbeddingNetwork, build_network
from train.networks.rounding import RoundedSignal, set_rounding
from train.windows import PersonWindows


def person(number: int, seed: int, count: int = 40) -> PersonWindows:
    """Standardised windows of a made-up pulse; ``number`` is its shape."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (count, 1)) + 2 * np.pi * rng.uniform(0.9, 1.6, (count, 1)) * np.arange(300) / 125.0
    pulse = np.cos(phase) + 0.15 * (1 + number) * np.cos(2 * phase - number)
    pulse = (pulse - pulse.mean(axis=1, keepdims=True)) / pulse.std(axis=1, keepdims=True)
    return PersonWindows(f"p{number}", pulse.astype(np.float32))


PEOPLE = [person(number, number) for number in range(5)]
TUNING = FineTuning(epochs=12, seed=3, threads=1, held_out=[person(number, 20 + number) for number in range(2)])


def sensitive(name: str) -> EmbeddingNetwork:
    """An untrained network whose first layer takes differences, and so makes the input's rounding steps loud."""
    torch.manual_seed(0)
    network = build_network(name, 0.25, 16).train()
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    windows = torch.from_numpy(np.concatenate([one.pulse for one in PEOPLE]))[:, None, None, :]
    with torch.no_grad():
        first.weight.sub_(first.weight.mean(dim=3, keepdim=True))
        for _ in range(30):
            network(windows)
    return network.eval()


def agreement(network: EmbeddingNetwork) -> float:
    """Mean cosine of the answers on INT8's grid, written out once more, to those in float."""
    windows = torch.from_numpy(np.concatenate([one.pulse for one in TUNING.held_out]))[:, None, None, :]
    grid = RoundedSignal()
    with torch.no_grad():
        exact = network.eval()(windows)
        for module in network.modules():
            module.training = not isinstance(module, nn.BatchNorm2d)
        set_rounding(network, True)
        set_rounding(grid, True)
        rounded = network(grid(windows))
    set_rounding(network, False)
    network.eval()
    return float(functional.cosine_similarity(exact, rounded).mean())


@pytest.fixture(scope="module", params=["fcn", "shufflenetv1"])
def original(request: pytest.FixtureRequest) -> EmbeddingNetwork:
    return sensitive(request.param)


@pytest.fixture(scope="module")
def tuned(original: EmbeddingNetwork) -> EmbeddingNetwork:
    return fine_tuned(original, PEOPLE, TUNING)


def test_answers_on_the_grid_come_nearer_to_those_in_float(original: EmbeddingNetwork, tuned: EmbeddingNetwork) -> None:
    assert 1.0 - agreement(tuned) < 0.5 * (1.0 - agreement(original))


def test_the_same_arguments_give_the_same_bits_and_another_seed_others(original: EmbeddingNetwork) -> None:
    short = replace(TUNING, epochs=2)
    first, again, other = (
        fine_tuned(original, PEOPLE, tuning).state_dict() for tuning in (short, short, replace(short, seed=4))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["embedding.weight"], other["embedding.weight"])


def test_the_original_is_left_as_it_was(original: EmbeddingNetwork) -> None:
    before = {name: value.clone() for name, value in original.state_dict().items()}
    tuned = fine_tuned(original, PEOPLE, replace(TUNING, epochs=1))
    after = original.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not original.training
    changed = tuned.state_dict()
    assert not torch.equal(before["embedding.weight"], changed["embedding.weight"])
    # What export folds into the weights is what the network was trained with.
    assert all(torch.equal(before[name], changed[name]) for name in before if "running" in name)


def test_what_comes_back_is_plain(tuned: EmbeddingNetwork) -> None:
    assert not any(module.training or getattr(module, "rounding", False) for module in tuned.modules())
    assert all(value.is_contiguous() for value in tuned.parameters())


def test_no_epochs_change_nothing(original: EmbeddingNetwork) -> None:
    before, after = original.state_dict(), fine_tuned(original, PEOPLE, replace(TUNING, epochs=0)).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_each_epoch_is_reported(original: EmbeddingNetwork, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="train.fine_tune"):
        fine_tuned(original, PEOPLE, replace(TUNING, epochs=2))
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0] for line in lines] == ["fine-tuning, epoch 1/2", "fine-tuning, epoch 2/2"]
    assert all("held-out EER" in line for line in lines)
