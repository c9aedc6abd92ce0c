"""What `load_trained` makes of an experiment's checkpoint, and which ones it turns away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from train.checkpoint import load, load_trained, save
from train.distillation.config import DistillationConfig
from train.distillation.model import Model, features_of
from train.distillation.run import Laboratory
from train.distillation.trainer import CHECKPOINT
from train.errors import TrainError, TrainReason
from train.frontend_design import design

CONFIGS = Path(__file__).parents[3] / "train" / "configs"
Tiny = Callable[..., DistillationConfig]
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def checkpoint(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[DistillationConfig], Path]:
    """Trains an experiment once."""
    laboratory = Laboratory(recordings, tmp_path_factory.mktemp("runs"))
    return lambda config: laboratory.run(config, CONFIGS / f"{config.name}.toml") / CHECKPOINT


def student(tiny: Tiny) -> DistillationConfig:
    return tiny("unseen_none_shufflenet", 2)


def refused(path: Path) -> str:
    """The one line it is refused with."""
    with pytest.raises(TrainError) as caught:
        load_trained(path)
    assert caught.value.reason is TrainReason.BAD_CHECKPOINT
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_student_is_its_network_alone(checkpoint: Callable[[DistillationConfig], Path], tiny: Tiny) -> None:
    path = checkpoint(student(tiny))
    trained, content = load_trained(path), load(path)
    assert trained.config == student(tiny)
    assert trained.front_end == design()
    assert trained.train_subjects == tuple(content["people"])
    assert (trained.dev_subjects, trained.epoch) == ((), 2)
    assert not trained.network.training
    model = Model(student(tiny).network, len(content["people"]))
    model.load_state_dict(content["model"])
    windows = torch.sin(torch.arange(900.0) / 9.0).reshape(3, 300)
    with torch.inference_mode():
        alone = trained.network(windows[:, None, None, :])
    torch.testing.assert_close(alone, torch.from_numpy(features_of(model, windows.numpy(), torch.device("cpu"))))


def test_a_teacher_is_refused(checkpoint: Callable[[DistillationConfig], Path], tiny: Tiny) -> None:
    said = refused(checkpoint(tiny("unseen_teacher_shufflenet", 1)))
    assert said.endswith("last.ckpt reads ECG; a device has none: export its student")


def test_a_student_of_seen_people_is_refused(checkpoint: Callable[[DistillationConfig], Path], tiny: Tiny) -> None:
    said = refused(checkpoint(tiny("none_shufflenet", 1)))
    assert said.endswith(
        "last.ckpt knows only the people it was trained on, so no threshold for strangers can be set: export one of "
        "an unseen_* experiment"
    )


def test_an_unfinished_training_is_refused(
    checkpoint: Callable[[DistillationConfig], Path], tiny: Tiny, tmp_path: Path
) -> None:
    content = load(checkpoint(student(tiny)))
    save(tmp_path / "cut.ckpt", content | {"curves": content["curves"][:1]})
    said = refused(tmp_path / "cut.ckpt")
    assert "has trained 1 of 2 epochs: call pulsekey train with its config and --seed 1 again, and it goes on" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content.pop("config"), "names no configuration; give a checkpoint that pulsekey train wrote"),
        (lambda content: content.update(config=3), "names no configuration"),
        (lambda content: content.update(config={"name": "x"}), "names no configuration"),
        (lambda content: content.pop("model"), "lacks 'model'; it is no finished training"),
        (lambda content: content.pop("people"), "lacks 'people'; it is no finished training"),
        (lambda content: content.update(model={}), "weights do not fit their configuration; train it again"),
        (lambda content: content.update(model=3), "weights do not fit their configuration; train it again"),
        (lambda content: content.update(curves=None), "weights do not fit their configuration; train it again"),
        (lambda content: content["config"]["network"].update(width=0.5), "weights do not fit their configuration"),
    ],
)
def test_a_damaged_checkpoint_is_refused(
    checkpoint: Callable[[DistillationConfig], Path], tiny: Tiny, tmp_path: Path, change: Change, says: str
) -> None:
    content = load(checkpoint(student(tiny)))
    change(content)
    save(tmp_path / "x.ckpt", content)
    said = refused(tmp_path / "x.ckpt")
    assert says in said
    assert "x.ckpt" in said


def test_a_torn_or_missing_file_is_refused(
    checkpoint: Callable[[DistillationConfig], Path], tiny: Tiny, tmp_path: Path
) -> None:
    whole = checkpoint(student(tiny)).read_bytes()
    (tmp_path / "x.ckpt").write_bytes(whole[: len(whole) // 2])
    assert "is no checkpoint or is damaged; train it again" in refused(tmp_path / "x.ckpt")
    assert "train one with pulsekey train" in refused(tmp_path / "none.ckpt")


def test_a_student_whose_seed_was_given_says_which(
    checkpoint: Callable[[DistillationConfig], Path], tiny: Tiny, tmp_path: Path
) -> None:
    content = load(checkpoint(student(tiny)))
    config = replace(student(tiny), seed=7).to_dict()
    save(tmp_path / "x.ckpt", content | {"config": config, "curves": []})
    assert "0 of 2 epochs: call pulsekey train with its config and --seed 7 again" in refused(tmp_path / "x.ckpt")
