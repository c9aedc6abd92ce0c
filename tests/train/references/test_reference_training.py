"""Trainings of the reference networks: they learn, go on where they were cut, and are refused where they do not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from train.checkpoint import load, save
from train.config import Config
from train.errors import TrainError, TrainReason
from train.references.networks import NETWORKS
from train.references.training import BEST, LAST, ReferenceTraining
from train.windows import PersonWindows

NAME = "scalogram-convmixer"
People = list[PersonWindows]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_best_epoch_is_returned(
    name: str, tiny: Config, stretched: People, held_out: People, tmp_path: Path
) -> None:
    trained = ReferenceTraining(name, tiny, stretched, held_out, tmp_path).run()
    assert not trained.network.training
    assert 1 <= trained.epoch <= 3
    assert trained.cpu_s > 0.0
    best = load(tmp_path / BEST)
    assert best["epoch"] == trained.epoch
    for key, value in trained.network.state_dict().items():
        assert torch.equal(value, best["network"][key]), key


def test_a_training_that_was_cut_goes_on_to_the_same_weights(
    tiny: Config, stretched: People, held_out: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    ReferenceTraining(NAME, tiny, stretched, held_out, whole).run()

    class KilledError(Exception):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    training = ReferenceTraining(NAME, tiny, stretched, held_out, cut)
    with monkeypatch.context() as patched:
        train_epoch = training._train_epoch
        patched.setattr(training, "_train_epoch", lambda: killed() if training._epoch == 1 else train_epoch())
        with pytest.raises(KilledError):
            training.run()
    assert load(cut / LAST)["epoch"] == 1
    ReferenceTraining(NAME, tiny, stretched, held_out, cut).run()
    one, other = load(whole / LAST), load(cut / LAST)
    assert one["epoch"] == other["epoch"] == 3
    for key, value in one["network"].items():
        assert torch.equal(value, other["network"][key]), key


def test_it_learns(tiny: Config, stretched: People, held_out: People, tmp_path: Path) -> None:
    config = replace(tiny, optimiser=replace(tiny.optimiser, epochs=12))
    training = ReferenceTraining(NAME, config, stretched, held_out, tmp_path)
    losses = []
    train_epoch = training._train_epoch

    def told() -> float:
        # The margin makes the task harder epoch by epoch; at once, losses can be compared.
        losses.append(train_epoch())
        return losses[-1]

    training._config = replace(config, loss=replace(config.loss, margin_epochs=0))
    training._train_epoch = told  # type: ignore[method-assign]
    training.run()
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_a_folder_of_another_training_is_refused(
    tiny: Config, stretched: People, held_out: People, tmp_path: Path
) -> None:
    config = replace(tiny, optimiser=replace(tiny.optimiser, epochs=1))
    ReferenceTraining(NAME, config, stretched, held_out, tmp_path).run()
    for name, other, people in (
        (NAME, tiny, stretched),
        ("cvt-convmixer", config, stretched),
        (NAME, config, stretched[:3]),
    ):
        with pytest.raises(TrainError, match="of another training or other people") as refused:
            ReferenceTraining(name, other, people, held_out, tmp_path).run()
        assert refused.value.reason is TrainReason.BAD_CHECKPOINT


def test_weights_that_do_not_fit_are_refused(tiny: Config, stretched: People, held_out: People, tmp_path: Path) -> None:
    config = replace(tiny, optimiser=replace(tiny.optimiser, epochs=1))
    ReferenceTraining(NAME, config, stretched, held_out, tmp_path).run()
    content = load(tmp_path / LAST)
    del content["format_version"], content["network"]["norm.weight"]
    save(tmp_path / LAST, content)
    with pytest.raises(TrainError, match="weights do not fit scalogram-convmixer; remove it"):
        ReferenceTraining(NAME, config, stretched, held_out, tmp_path).run()


def test_too_few_people_are_refused(tiny: Config, stretched: People, held_out: People, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="1 people have 20 good windows"):
        ReferenceTraining(NAME, tiny, stretched[:1], held_out, tmp_path)
