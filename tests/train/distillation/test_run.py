import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from train.checkpoint import load, save
from train.distillation.config import DistillationConfig
from train.distillation.result import PREDICTIONS, RESULT
from train.distillation.run import Laboratory, _locked
from train.distillation.trainer import CHECKPOINT, Trainer, _faded
from train.errors import TrainError, TrainReason

CONFIGS = Path(__file__).parents[3] / "train" / "configs"
Tiny = Callable[..., DistillationConfig]


class KilledError(Exception):
    pass


@pytest.fixture
def laboratory(recordings: Path, tmp_path: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    """Whose teachers are as tiny as its students."""
    monkeypatch.setattr("train.distillation.run.load_distillation", lambda path: tiny(path.stem))
    return Laboratory(recordings, tmp_path / "runs")


def source(config: DistillationConfig) -> Path:
    return CONFIGS / f"{config.name.replace('-', '_')}.toml"


def test_a_student_is_trained_after_its_teacher_and_measured(laboratory: Laboratory, tiny: Tiny) -> None:
    config = tiny("cmkd_shufflenet")
    folder = laboratory.run(config, source(config))
    assert (folder.parent / "teacher-shufflenet-s1" / RESULT).exists()
    result = json.loads((folder / RESULT).read_text())
    assert result["people"] == [f"c15g{n}" for n in (100, 140, 180, 220, 260)] + ["s00005", "s00006"]
    with np.load(folder / PREDICTIONS) as arrays:
        label, predicted, features = arrays["label"], arrays["predicted"], arrays["features"]
    assert result["test_windows"] == label.size == len(features)
    right = [int(a) == int(b) for a, b in zip(label, predicted, strict=True)]
    assert result["scores"]["oa"] == pytest.approx(sum(right) / len(right))
    assert sum(result["scores"]["per_person"]["hits"]) == sum(right)
    assert result["scores"]["oa_every_rival"] <= result["scores"]["oa"]
    f1 = []
    for person in range(7):
        both = sum(a == b == person for a, b in zip(label, predicted, strict=True))
        said, truly = int((predicted == person).sum()), int((label == person).sum())
        f1.append(2 * both / (said + truly))
    assert result["scores"]["macro_f1"] == pytest.approx(sum(f1) / 7)
    for curve in result["curves"]:
        parts = [v for name, v in curve.items() if name not in ("loss", "train OA")]
        assert curve["loss"] == pytest.approx(sum(parts), rel=1e-4)
        assert set(curve) == {"task", "kd", "alignment", "mmd", "cross-knowledge", "fitnet", "loss", "train OA"}
    assert any((folder / "tensorboard").iterdir())


def test_an_unseen_people_run_reports_every_number_of_shots(laboratory: Laboratory, tiny: Tiny) -> None:
    config = tiny("unseen_none_mobilenet")
    result = json.loads((laboratory.run(config, source(config)) / RESULT).read_text())
    assert [one["n"] for one in result["scores"]["shots"]] == [1, 5, 10]
    assert set(result["scores"]["probed"]) <= set(result["people"])
    assert result["train_people"] + len(result["people"]) == 7


def test_a_run_that_was_cut_goes_on_to_the_same_weights(
    laboratory: Laboratory, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny("cmkd_mobilenet", 3)
    whole = load(laboratory.run(config, source(config)) / CHECKPOINT)
    other = Laboratory(laboratory._recordings, tmp_path / "cut")
    step, steps = Trainer._step, []

    def killed_in_the_second_epoch(self: Trainer, *args: torch.Tensor) -> dict[str, float]:
        if self._config == config:
            steps.append(1)
            if len(steps) == 10:
                raise KilledError
        return step(self, *args)

    monkeypatch.setattr(Trainer, "_step", killed_in_the_second_epoch)
    with pytest.raises(KilledError):
        other.run(config, source(config))
    monkeypatch.setattr(Trainer, "_step", step)
    assert len(load(tmp_path / "cut" / config.run_name / CHECKPOINT)["curves"]) == 1
    assert not (tmp_path / "cut" / config.run_name / RESULT).exists()
    resumed = load(other.run(config, source(config)) / CHECKPOINT)
    assert resumed["curves"] == whole["curves"]
    for name, weights in whole["model"].items():
        assert torch.equal(weights, resumed["model"][name]), name


def test_a_lesson_that_fades_leaves_the_task_alone_at_the_end(laboratory: Laboratory, tiny: Tiny) -> None:
    config = tiny("cmkd_mobilenet", 4)
    config = replace(config, method=replace(config.method, fade=0.5))
    curves = json.loads((laboratory.run(config, source(config)) / RESULT).read_text())["curves"]
    assert curves[0]["kd"] > curves[1]["kd"] > 0.0
    assert [curve[term] for curve in curves[2:] for term in ("kd", "fitnet", "alignment")] == [0.0] * 6
    assert curves[3]["loss"] == pytest.approx(curves[3]["task"])
    assert [_faded(done, 0.5) for done in (0.0, 0.125, 0.25, 0.5, 0.9)] == [1.0, 0.75, 0.5, 0.0, 0.0]
    assert {_faded(done, 0.0) for done in (0.0, 0.5, 1.0)} == {1.0}


def test_seeds_differ_and_repeat(laboratory: Laboratory, tiny: Tiny, tmp_path: Path) -> None:
    config = tiny("none_resnet", 1)
    first = laboratory.run(config, source(config))
    again = Laboratory(laboratory._recordings, tmp_path / "again").run(config, source(config))
    other = laboratory.run(config.with_seed(2), source(config))
    curves = [load(folder / CHECKPOINT)["curves"] for folder in (first, again, other)]
    assert curves[0] == curves[1] != curves[2]


def test_what_is_done_is_not_trained_again(laboratory: Laboratory, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny("none_mobilenet", 1)
    folder = laboratory.run(config, source(config))
    monkeypatch.setattr(Trainer, "run", lambda _: pytest.fail("trained again"))
    assert laboratory.run(config, source(config)) == folder


def test_a_kept_result_is_enough_for_a_student_and_a_teacher_is_trained_again(
    laboratory: Laboratory, tiny: Tiny
) -> None:
    config = tiny("hinton_shufflenet", 1)
    folder = laboratory.run(config, source(config))
    teacher = folder.parent / "teacher-shufflenet-s1" / CHECKPOINT
    weights = load(teacher)["model"]
    teacher.unlink()
    (folder / CHECKPOINT).unlink()
    assert laboratory.run(config, source(config)) == folder
    assert not teacher.exists()
    (folder / RESULT).unlink()
    laboratory.run(config, source(config))
    for name, again in load(teacher)["model"].items():
        assert torch.equal(again, weights[name]), name


def test_a_folder_of_another_experiment_or_architecture_is_refused(laboratory: Laboratory, tiny: Tiny) -> None:
    config = tiny("none_mobilenet", 1)
    folder = laboratory.run(config, source(config))
    with pytest.raises(TrainError, match="holds a run of another configuration"):
        laboratory.run(tiny("none_mobilenet", 2), source(config))
    (folder / RESULT).write_text("{torn")
    with pytest.raises(TrainError, match=r"result\.json is damaged; remove it"):
        laboratory.run(config, source(config))
    (folder / RESULT).unlink()
    with pytest.raises(TrainError, match="is of another configuration than none-mobilenet-s1"):
        laboratory.run(tiny("none_mobilenet", 2), source(config))
    wide = replace(config, network=replace(config.network, width=0.5))
    with pytest.raises(TrainError, match="is of another architecture than none-mobilenet-s1") as caught:
        laboratory.run(wide, source(config))
    assert caught.value.reason is TrainReason.BAD_CHECKPOINT
    (folder / CHECKPOINT).write_bytes(b"torn")
    with pytest.raises(TrainError, match=r"last\.ckpt is no checkpoint or is damaged"):
        laboratory.run(config, source(config))


def test_a_teacher_of_other_people_is_refused(laboratory: Laboratory, tiny: Tiny) -> None:
    teacher = tiny("teacher_mobilenet", 2)
    checkpoint = laboratory.run(teacher, source(teacher)) / CHECKPOINT
    content = load(checkpoint)
    save(checkpoint, content | {"people": content["people"][::-1]})
    config = tiny("cmkd_mobilenet")
    with pytest.raises(TrainError, match="was trained on other people"):
        laboratory.run(config, source(config))


def test_a_teacher_that_cannot_teach_is_refused(
    laboratory: Laboratory, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny("cmkd_mobilenet")
    monkeypatch.setattr("train.distillation.run.load_distillation", lambda _: tiny("none_mobilenet"))
    with pytest.raises(TrainError, match="must read ECG under the same protocol"):
        laboratory.run(config, source(config))
    other = tiny("teacher_mobilenet")
    other = replace(other, network=replace(other.network, embedding_size=8))
    monkeypatch.setattr("train.distillation.run.load_distillation", lambda _: other)
    with pytest.raises(TrainError, match="need one embedding_size"):
        laboratory.run(config, source(config))


def test_two_processes_never_train_one_run(laboratory: Laboratory, tiny: Tiny, tmp_path: Path) -> None:
    config = tiny("none_mobilenet")
    folder = tmp_path / "runs" / config.run_name
    folder.mkdir(parents=True)
    with _locked(folder), pytest.raises(TrainError, match="another process trains") as caught:
        laboratory.run(config, source(config))
    assert caught.value.reason is TrainReason.RUN_BUSY


@pytest.mark.parametrize(
    "name",
    [
        "hinton_shufflenet",
        "fitnet_shufflenet",
        "rkd_shufflenet",
        "crd_shufflenet",
        "unseen_cmkd_mobilenet",
        "cmkd_resnet",
    ],
)
def test_every_loss_trains(laboratory: Laboratory, tiny: Tiny, name: str) -> None:
    config = tiny(name, 1)
    result = json.loads((laboratory.run(config, source(config)) / RESULT).read_text())
    terms = set(result["curves"][0]) - {"task", "task triplet", "loss", "train OA"}
    wanted = {
        "hinton_shufflenet": {"kd"},
        "fitnet_shufflenet": {"fitnet"},
        "rkd_shufflenet": {"relational"},
        "crd_shufflenet": {"contrastive"},
        "unseen_cmkd_mobilenet": {"kd", "alignment", "relation triplet", "cross-knowledge", "fitnet"},
        "cmkd_resnet": {"kd", "alignment", "mmd", "cross-knowledge", "fitnet"},
    }
    assert terms == wanted[name]
    assert all(np.isfinite(list(curve.values())).all() for curve in result["curves"])
