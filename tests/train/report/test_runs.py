from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.train.report.conftest import Maker, change
from train.errors import TrainError, TrainReason
from train.report.predictions import read_predictions
from train.report.runs import find_runs, read_run


def test_a_run_is_read(make: Maker) -> None:
    run = read_run(make("proposed", 3))
    assert (run.method, run.seed, run.network.name, run.network.width) == ("proposed", 3, "shufflenetv1", 0.25)
    assert run.people == tuple(make.people)
    assert run.seen is not None
    assert run.seen.hits is not None
    assert run.seen.probes is not None
    assert run.seen.hits.sum() / run.seen.probes.sum() == pytest.approx(run.seen.oa)
    assert not run.shots
    assert len(run.curves) == 3


def test_shots_are_read_by_rising_n(make: Maker) -> None:
    run = read_run(make("none", kind="subject-wise"))
    assert [one.n for one in run.shots] == [1, 5, 10]
    assert run.seen is None


def test_a_folder_of_runs_gives_its_children_and_says_what_it_skipped(make: Maker) -> None:
    folders = {make("none", seed) for seed in (1, 2)}
    (make.folder / "cache").mkdir()
    (make.folder / "unfinished").mkdir()
    (make.folder / "notes.txt").write_text("a file is no run")
    runs, skipped = find_runs([make.folder])
    assert {run.folder for run in runs} == folders
    assert [path.name for path in skipped] == ["cache", "unfinished"]


def test_a_run_named_twice_counts_once(make: Maker) -> None:
    folder = make("none")
    runs, _ = find_runs([folder, make.folder, folder / "result.json", make.folder / ".." / "runs"])
    assert len(runs) == 1


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_no_run_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainError, match=name) as caught:
        find_runs([tmp_path / name])
    assert caught.value.reason is TrainReason.NO_DATA


@pytest.mark.parametrize(
    ("keys", "to", "says"),
    [
        (("format_version",), 2, "format_version = 2, and this report reads 1"),
        (("format_version",), ..., "format_version is missing"),
        (("scores", "oa"), ..., "scores.oa is missing"),
        (("scores", "oa"), "high", "scores.oa must be a number"),
        (("scores", "oa"), True, "scores.oa must be a number"),
        (("scores", "oa"), 1.2, "scores.oa = 1.2 must be a share"),
        (("scores", "oa"), 0.5, "scores.per_person.hits makes an OA of"),
        (("scores", "per_person", "probes"), [1, 2], "probes holds 2 numbers for 6 people"),
        (("scores", "per_person", "hits", 0), 99, "from 0 to the person's probes"),
        (("config", "seed"), -1, "config.seed must be a whole number from 0"),
        (("config", "network"), "resnet34", "config.network must be an object"),
        (("config", "network", "width"), ..., "config.network.width is missing"),
        (("config", "protocol", "kind"), "other", "config.protocol.kind = 'other' is none of sample-wise"),
        (("config", "protocol", "stage"), "peek", "none of tune, test"),
        (("people",), {}, "people must be a list"),
        (("people", 1), "p0", "people names somebody twice"),
        (("curves", 0, "loss"), None, r"curves\[0\].loss must be a number"),
        (("cost", "macs"), 0.5, "cost.macs must be a whole number"),
    ],
)
def test_a_malformed_result_names_the_file_and_the_key(make: Maker, keys: Any, to: Any, says: str) -> None:
    folder = make("none")
    change(folder, *keys, to=to)
    with pytest.raises(TrainError, match=says) as caught:
        read_run(folder)
    assert caught.value.reason is TrainReason.BAD_CONFIG
    assert str(folder / "result.json") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format_version": NaN}', '{"format_version": ' + "9" * 5000 + "}", "[" * 100_000, "\udcff\x00"],
)
def test_what_is_no_result_is_refused(make: Maker, text: str) -> None:
    folder = make("none")
    (folder / "result.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(TrainError, match=r"result\.json"):
        read_run(folder)


def test_infinity_is_no_share(make: Maker) -> None:
    folder = make("none")
    text = (folder / "result.json").read_text()
    (folder / "result.json").write_text(text.replace('"train_s": 62.5', '"train_s": 1e999'))
    with pytest.raises(TrainError, match=r"cost\.train_s must be finite"):
        read_run(folder)


def test_a_result_without_hits_is_read(make: Maker) -> None:
    seen, unseen = make("none"), make("none", kind="subject-wise")
    change(seen, "scores", "per_person", to=...)
    change(unseen, "scores", "shots", 0, "hits", to=...)
    answers = read_run(seen).seen
    assert answers is not None
    assert answers.hits is None
    assert read_run(unseen).shots[0].answers.hits is None


def test_each_n_stands_once(make: Maker) -> None:
    folder = make("none", kind="subject-wise")
    change(folder, "scores", "shots", 0, "n", to=5)
    with pytest.raises(TrainError, match=r"scores\.shots must hold each N once"):
        read_run(folder)


def test_predictions_are_of_unit_length(make: Maker) -> None:
    run = read_run(make("none"))
    predictions = read_predictions(run)
    assert predictions is not None
    assert predictions.predicted is not None
    np.testing.assert_allclose(np.linalg.norm(predictions.features, axis=1), 1.0, rtol=1e-5)
    assert sum(len(predictions.of(i)) for i in range(len(run.people))) == run.test_windows


def test_a_run_need_not_have_predictions(make: Maker) -> None:
    assert read_predictions(read_run(make("none", predictions=False))) is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("label", None, "label must be a list of whole numbers"),
        ("label", np.zeros(3, np.int16), "label has 3 windows, and test_windows of the result is 192"),
        ("label", np.full(192, 6, np.int16), "label must be from 0 to 5"),
        ("label", np.full(192, -1, np.int16), "label must be from 0 to 5"),
        ("features", np.zeros((5, 8), np.float16), r"features must be \(192, size\)"),
        ("features", np.full((192, 8), np.nan, np.float16), "features must be finite"),
        ("features", None, "features must be"),
        ("predicted", np.zeros(192), "predicted must be a list of whole numbers"),
        ("predicted", np.zeros(192, np.int16), "make an OA of"),
        ("label", np.array([{}] * 192, dtype=object), "cannot be read"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(make: Maker, name: str, value: Any, says: str) -> None:
    folder = make("none")
    with np.load(folder / "predictions.npz") as arrays:
        content = dict(arrays.items())
    content.pop(name)
    if value is not None:
        content[name] = value
    np.savez(folder / "predictions.npz", **content)
    with pytest.raises(TrainError, match=says) as caught:
        read_predictions(read_run(folder))
    assert caught.value.reason is TrainReason.BAD_CONFIG
    assert "predictions.npz" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_corrupt_predictions_are_refused(make: Maker, content: bytes) -> None:
    folder = make("none")
    (folder / "predictions.npz").write_bytes(content)
    with pytest.raises(TrainError, match="cannot be read"):
        read_predictions(read_run(folder))


def test_what_is_read_is_what_training_writes() -> None:
    written = pytest.importorskip("train.distillation.result", reason="torch is not installed")
    from train.report import runs

    for name in ("RESULT", "PREDICTIONS", "FORMAT_VERSION"):
        assert getattr(runs, name) == getattr(written, name)
