"""`pulsekey plot-bench` on results made up here."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from device.cli import main
from train.errors import TrainError, TrainReason
from train.report.bench_figure import spread
from train.report.bench_results import read_marks


def result(**machine: Any) -> dict[str, Any]:
    rows = [
        {"model": model, "runtime": runtime, "precision": precision, "threads": threads, "median_us": median_us}
        for model, scale in (("small-x0.25-aa", 1.0), ("large-x1-bb", 4.0))
        for runtime, precision, threads, median_us in (
            ("litert", "int8", 1, 150.0 * scale),
            ("litert", "fp32", 1, 210.0 * scale),
            ("torch", "fp32", 1, 2100.0 * scale),
            ("litert", "int8", 2, 90.0 * scale),
        )
    ]
    rates = {
        "small-x0.25-aa": {"eer_12s": 0.031, "cohort": "bidmc.npz"},
        "large-x1-bb": {"eer_12s": 0.022, "cohort": "bidmc.npz"},
    }
    names = {"cpu": "Some CPU", "board": None} | machine
    return {"kind": "pulsekey bench", "format_version": 1, "machine": names, "rows": rows, "error_rates": rates}


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def plot(*arguments: object) -> int:
    return main(["plot-bench", *map(str, arguments)])


def test_several_machines_in_one_picture(tmp_path: Path, capsys: Any) -> None:
    first = write(tmp_path / "pc.json", result())
    second = write(tmp_path / "pi.json", result(board="Raspberry Pi 5", cpu="Cortex-A76"))
    out = tmp_path / "figure.svg"
    assert plot(first, second, "--out", out) == 0
    assert capsys.readouterr().out == f"{out}\n"
    svg = out.read_text()
    words = [" ".join(text.split()) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    labels = ["Some CPU", "Raspberry Pi 5", "litert", "torch", "int8", "fp32", "small-x0.25-aa", "large-x1-bb"]
    assert [words.count(label) for label in labels] == [1] * len(labels)
    assert "EER over 12 s, %" in words
    assert "<dc:date>" not in svg
    marks, _ = read_marks([first, second])
    assert len(marks) == 2 * 2 * 3  # one thread alone
    assert {(mark.model, round(mark.eer_percent, 9)) for mark in marks} == {
        ("small-x0.25-aa", 3.1),
        ("large-x1-bb", 2.2),
    }


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_results_give_the_same_bytes(tmp_path: Path, kind: str) -> None:
    source = write(tmp_path / "pc.json", result())
    once, again = tmp_path / f"once.{kind}", tmp_path / f"again.{kind}"
    assert plot(source, "--out", once) == 0
    assert plot(source, "--out", again) == 0
    assert once.read_bytes() == again.read_bytes()


def test_machines_alike_are_told_apart_by_their_files(tmp_path: Path) -> None:
    marks, _ = read_marks([write(tmp_path / f"{name}.json", result()) for name in ("monday", "tuesday")])
    assert {mark.machine for mark in marks} == {"Some CPU (monday)", "Some CPU (tuesday)"}
    marks, _ = read_marks([write(tmp_path / "here.json", result(cpu=None))])
    assert {mark.machine for mark in marks} == {"here"}


def test_models_without_an_error_rate_are_named(tmp_path: Path, capsys: Any) -> None:
    value = result()
    value["error_rates"]["large-x1-bb"] = {"eer_12s": None, "cohort": None}
    out = tmp_path / "figure.svg"
    assert plot(write(tmp_path / "pc.json", value), "--out", out) == 0
    assert "left out: large-x1-bb on Some CPU: its manifest has no error rate" in capsys.readouterr().out
    value["error_rates"]["small-x0.25-aa"]["eer_12s"] = None
    with pytest.raises(TrainError, match="nothing to draw") as caught:
        read_marks([write(tmp_path / "pc.json", value)])
    assert caught.value.reason is TrainReason.NO_DATA


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("[1]", "must be an object"),
        ('{"people": 3}', "is not of pulsekey bench"),
        ('{"kind": "pulsekey bench", "format_version": 9}', "bench format 9"),
        ('{"kind": "pulsekey bench", "format_version": 1, "machine": {}}', "machine.board is missing"),
        (json.dumps(result() | {"rows": [{"model": "m"}]}), "rows[0].median_us is missing"),
        (json.dumps(result() | {"error_rates": {}}), "error_rates.small-x0.25-aa is missing"),
        (json.dumps(result()).replace("150.0", "0.0"), "must be above 0"),
        (json.dumps(result() | {"rows": []}), "nothing to draw"),
    ],
)
def test_what_is_no_result(content: str, words: str, tmp_path: Path, capsys: Any) -> None:
    source, out = tmp_path / "other.json", tmp_path / "figure.svg"
    source.write_text(content)
    assert plot(source, "--out", out) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not out.exists()


def test_bad_paths(tmp_path: Path, capsys: Any) -> None:
    source = write(tmp_path / "pc.json", result())
    for out, words in ((tmp_path / "figure.pdf", ".svg or .png"), (tmp_path / "no" / "figure.svg", "no such folder")):
        assert plot(source, "--out", out) == 2
        assert words in capsys.readouterr().err
    assert plot(tmp_path / "missing.json", "--out", tmp_path / "figure.svg") == 2
    assert "missing.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wanted", [[0.5], [0.1, 0.5, 0.9], [0.5, 0.5, 0.51], [0.97, 0.98, 0.99], [0.0, 0.01, 0.02, 0.9, 0.99, 1.0]]
)
def test_labels_keep_their_distance(wanted: list[float]) -> None:
    gap = 0.055
    places = spread(wanted, gap)
    assert len(places) == len(wanted)
    assert all(0.0 <= place <= 1.0 + 1e-12 for place in places)
    assert all(high - low >= gap - 1e-12 for low, high in pairwise(places))
    if all(high - low >= gap for low, high in pairwise(wanted)):
        assert places == wanted
