"""`pulsekey bench`: bad input gives one line and exit 2 before the work begins; a short run gives the whole report."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.bench import fresh, measure
from device.bench.fresh import Fresh
from device.bench.measure import Tools, run_bench
from device.bench.rounds import Plan
from device.bench.runners import FILE_RUNNERS
from device.bench.runtimes import FileRuntime
from device.bench.tables import markdown, table
from device.bundle import Bundle, default_bundle_path, load_bundle
from device.cli import main
from device.errors import BundleError

ROW = {
    "model",
    "format",
    "precision",
    "runtime",
    "threads",
    "median_us",
    "p95_us",
    "p99_us",
    "windows_per_s",
    "load_ms",
    "first_ms",
    "file_bytes",
    "peak_rss_mib",
    "macs",
    "parameters",
    "ratio_to_limit",
    "operators",
}


@pytest.fixture(scope="module")
def shipped() -> Path:
    try:
        return default_bundle_path()
    except BundleError as error:
        pytest.skip(str(error))


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: Any, **__: Any) -> None:
        raise AssertionError("the work began")

    monkeypatch.setattr("device.commands.bench.run_bench", work)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--runtime", "tensorrt"], ["'tensorrt'", "litert, onnxruntime, torch"]),
        (["--runtime", "litert,"], ["no runtime ''"]),
        (["--threads", "0"], ["--threads", "'0' is not an integer above 0"]),
        (["--threads", "1,two"], ["--threads", "'two'"]),
        (["--rounds", "0"], ["--rounds", "'0'"]),
        (["--json", "{tmp}/no/such/out.json"], ["out.json", "no such folder"]),
        (["--json", "{tmp}"], ["it is a folder"]),
        (["--runtime", "litert", "--bundle", "{tmp}/nowhere"], ["no bundle at", "nowhere"]),
        (["--runtime", "litert", "--bundle", "{tmp}"], ["no manifest.json"]),
    ],
)
def test_bad_input(arguments: list[str], words: list[str], tmp_path: Path, capsys: Any) -> None:
    assert main(["bench", *(one.format(tmp=tmp_path) for one in arguments)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("pulsekey: error: ")
    for word in words:
        assert word in line


@pytest.mark.usefixtures("no_work")
def test_two_copies_of_one_model_are_refused(shipped: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "copy").symlink_to(shipped)
    other = tmp_path / "other"
    other.mkdir()
    for file in shipped.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    folders = [str(shipped), str(tmp_path / "copy"), str(other)]
    assert main(["bench", "--runtime", "litert", "--bundle", *folders]) == 2
    assert "hold the same model" in capsys.readouterr().err


def test_a_bundle_without_a_model_for_the_runtime(bundle_folder: Path, capsys: Any) -> None:
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    assert main(["bench", "--runtime", "litert", "--bundle", str(bundle_folder)]) == 2
    assert "nothing to measure: fake-1 on litert: no .tflite model" in capsys.readouterr().err


def test_a_short_run_on_the_shipped_bundle(shipped: Path, tmp_path: Path, capsys: Any) -> None:
    for name in ("ai_edge_litert", "onnxruntime"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    out = tmp_path / "bench.json"
    options = ["--bundle", str(shipped), "--runtime", "litert,onnxruntime", "--threads", "1,2", "--rounds", "1"]
    assert main(["bench", *options, "--json", str(out)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert max(map(len, shown.out.splitlines())) <= 100
    value = json.loads(out.read_text())
    manifest = load_bundle(shipped).manifest
    keys = [(row["runtime"], row["format"], row["precision"], row["threads"]) for row in value["rows"]]
    assert sorted(keys) == sorted(
        (runtime, kind, precision, threads)
        for runtime, kind in (("litert", "tflite"), ("onnxruntime", "onnx"))
        for precision in ("int8", "fp32")
        for threads in (1, 2)
    )
    for row in value["rows"]:
        assert set(row) == ROW
        name = f"model.{row['precision']}.{row['format']}"
        assert row["file_bytes"] == manifest.files[name].bytes
        assert row["macs"] == manifest.architecture.macs
        assert row["median_us"] <= row["p95_us"] <= row["p99_us"]
        peak = next(
            one
            for one in value["limits"]["peaks"]
            if (one["precision"], one["threads"]) == (row["precision"], row["threads"])
        )
        assert peak["macs_per_s"] == pytest.approx(value["limits"]["macs"] / (peak["median_us"] * 1e-6))
        at_limit_us = 1e6 * row["macs"] / peak["macs_per_s"]
        assert row["ratio_to_limit"] == pytest.approx(row["median_us"] / at_limit_us)
        assert row["operators"] == manifest.operators.get(name)
    path = value["pipeline"]
    assert (path["runtime"], path["precision"], path["decisions"]) == ("ai-edge-litert", "int8", 8)
    assert path["core_share_percent"] == pytest.approx(path["cpu_us_per_signal_s"] / 1e6 * 100)
    assert 0.0 < path["network_fraction"] < 1.0
    assert set(value["error_rates"]) == {manifest.model_id}
    assert value["machine"]["runtimes"]["litert"].startswith("ai-edge-litert ")


class Ticks:
    """A clock by which everything takes 1 us, and a call of the clock nothing."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 500
        return self.now


@pytest.fixture
def fake_runtimes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Both runtimes load anything; what is loaded, and asked, is noted."""
    notes: list[str] = []

    class Noting:
        def __init__(self, model: bytes, *, label: str, module: str, threads: int) -> None:
            self.note = f"{label} x{threads}"

        def run(self, window: Any) -> Any:
            notes.append(self.note)
            return np.zeros((1, 4), dtype=np.float32)

    for name in FILE_RUNNERS:
        monkeypatch.setitem(FILE_RUNNERS, name, Noting)
    return notes


def test_limits_take_their_turns_among_the_rows(
    bundle: Bundle, fake_runtimes: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(measure, "_whole_path", lambda *_: (None, ["whole path: not today"]))
    tools = Tools(clock=Ticks(), fresh=lambda subject, threads: Fresh(1.0, 2.0, 30.0), root=tmp_path)
    runtimes = [FileRuntime("litert", "none"), FileRuntime("onnxruntime", "none")]
    report = run_bench([bundle], runtimes, [1, 2], Plan(rounds=2, calls=3, warm_up=1), left_out=["x: y"], tools=tools)
    turn = [
        "fake-1 int8 on onnxruntime",
        "fake-1 fp32 on onnxruntime",
        "limit int8 on litert",
        "limit fp32 on litert",
        "limit int8 on onnxruntime",
        "limit fp32 on onnxruntime",
    ]
    expected = []
    for threads in (1, 2):
        expected += [f"{name} x{threads}" for name in turn]
        expected += 2 * [f"{name} x{threads}" for name in turn for _ in range(1 + 3)]
    assert fake_runtimes == expected
    assert [(row.precision, row.threads, row.median_us) for row in report.rows] == [
        ("int8", 1, 0.5),
        ("fp32", 1, 0.5),
        ("int8", 2, 0.5),
        ("fp32", 2, 0.5),
    ]
    assert report.left_out == ("x: y", "fake-1 on litert: no .tflite model", "whole path: not today")
    shown = table(report)
    assert "unknown CPU, unknown cores, unknown" in shown
    assert "governor unknown" in shown
    assert "left out: fake-1 on litert: no .tflite model" in shown
    rows = [line for line in markdown(report).splitlines() if line.startswith("| fake-1 | onnxruntime int8 | ")]
    assert len(rows) == 2
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["pipeline"] is None


def test_the_table_of_a_slow_machine_fits_a_hundred_columns(
    bundle: Bundle, fake_runtimes: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(measure, "_whole_path", lambda *_: (None, []))
    tools = Tools(clock=Ticks(), fresh=lambda subject, threads: Fresh(12345.0, 23456.0, 1300.0), root=tmp_path)
    plan = Plan(rounds=1, calls=1, warm_up=0)
    report = run_bench([bundle], [FileRuntime("onnxruntime", "none")], [16], plan, tools=tools)
    slow = replace(
        report.rows[0],
        median_us=765432.1,
        p95_us=876543.2,
        p99_us=987654.3,
        windows_per_s=1.3,
        file_bytes=22_000_000,
        ratio_to_limit=1234.5,
    )
    lines = table(replace(report, rows=(slow,), warnings=("a long warning, " * 9,))).splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.startswith("onnxruntime int8   16  765,432") for line in lines)


def test_some_window_is_the_same_everywhere() -> None:
    first = fresh.some_window(300)
    assert first.shape == (300,)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, fresh.some_window(300))
