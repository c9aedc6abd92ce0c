"""Runtimes by name: installed, unknown, missing, and plug-ins that bring the network themselves."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from device.bench import runtimes
from device.bench.fresh import measure_fresh, some_window
from device.bench.runtimes import PluginRuntime, open_installed, open_runtime
from device.bench.subjects import Subject, file_subjects
from device.bundle import Bundle
from device.errors import BundleError, BundleReason, CommandError, CommandReason
from device.manifest import Architecture

PLUGIN = """
import numpy as np

PRECISION = "fp32"

class Zeros:
    def __init__(self, size):
        self.size = size

    def run(self, window):
        return np.zeros((1, self.size), dtype=np.float32)

def describe():
    return "zeros 1.0"

def load(architecture, threads):
    return Zeros(architecture.embedding_size * threads)
"""


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The entry point of a module `zeros_runtime`, for this process and for those it starts."""
    (tmp_path / "zeros_runtime.py").write_text(PLUGIN)
    folder = tmp_path / "zeros-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: zeros\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[pulsekey.runtimes]\nzeros = zeros_runtime\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "zeros"


def refuses(reason: CommandReason, *words: str) -> "pytest.RaisesExc[CommandError]":
    def check(error: CommandError) -> bool:
        return error.reason is reason and "\n" not in str(error) and all(word in str(error) for word in words)

    return pytest.raises(CommandError, check=check)


def test_a_name_that_nobody_knows() -> None:
    with refuses(CommandReason.BAD_ARGUMENT, "'tensorrt'", "litert, onnxruntime, torch"):
        open_runtime("tensorrt")


def test_torch_where_its_plug_in_or_torch_itself_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_plugins", list)
    with refuses(CommandReason.NOT_INSTALLED, "pip install 'pulsekey[train]'"):
        open_runtime("torch")
    monkeypatch.setattr(
        runtimes, "_plugins", lambda: [EntryPoint("torch", "surely_not_installed.eager", "pulsekey.runtimes")]
    )
    with refuses(CommandReason.NOT_INSTALLED, "pip install 'pulsekey[train]'"):
        open_runtime("torch")


def test_a_fault_of_the_plug_in_itself_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_plugins", lambda: [EntryPoint("torch", "train.surely_not", "pulsekey.runtimes")])
    with pytest.raises(ModuleNotFoundError):
        open_runtime("torch")


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    monkeypatch.setattr(runtimes, "_plugins", list)
    monkeypatch.setitem(runtimes.MODULES, "onnxruntime", ("surely_not_installed",))
    found, left_out = open_installed()
    assert [runtime.name for runtime in found] == ["litert"]
    assert left_out == [
        "onnxruntime: not installed (pip install 'pulsekey[onnx]')",
        "torch: not installed (pip install 'pulsekey[train]')",
    ]
    monkeypatch.setitem(runtimes.MODULES, "litert", ("surely_not_installed",))
    with refuses(CommandReason.NOT_INSTALLED, "pip install ai-edge-litert"):
        open_installed()


def test_a_broken_runtime_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_bench_runtime.py").write_text("raise ImportError('libfoo.so: wrong ELF class')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(runtimes.MODULES, "litert", ("broken_bench_runtime",))
    with refuses(CommandReason.NOT_INSTALLED, "broken_bench_runtime", "libfoo.so", "reinstall"):
        open_runtime("litert")


def test_a_plug_in_builds_from_the_architecture_here_and_in_a_fresh_process(plug_in: str, bundle: Bundle) -> None:
    runtime = open_runtime(plug_in)
    assert isinstance(runtime, PluginRuntime)
    assert runtime.describe() == "zeros 1.0"
    subject = runtime.subject(bundle)
    assert (subject.format, subject.precision, subject.content) == ("zeros", "fp32", None)
    assert runtime.load(subject, 3).run(some_window(300)).shape == (1, 3 * 24)
    assert "zeros" in runtimes.known_runtimes()
    fresh = measure_fresh(subject, 1)
    assert fresh.load_ms >= 0.0
    assert fresh.first_ms >= 0.0
    assert fresh.peak_rss_mib > 1.0


def test_a_runner_answers_as_the_model_does(bundle: Bundle, embedder: object) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    runtime = open_runtime("onnxruntime")
    assert runtime.describe().startswith("onnxruntime ")
    window = some_window(300)
    for subject in file_subjects(bundle, ["litert", "onnxruntime"]):
        answer = runtime.load(subject, 2).run(window)
        np.testing.assert_allclose(answer.ravel(), embedder.embed(window), atol=1e-4)  # type: ignore[attr-defined]


def test_memory_is_the_fresh_processs_own(bundle: Bundle) -> None:
    """A process that starts another hands down its own ru_maxrss; 300 MiB here must not show up there."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    ballast = np.ones(300 * 2**17)
    subject = next(file_subjects(bundle, ["onnxruntime"]))
    assert measure_fresh(subject, 1).peak_rss_mib < 250.0
    assert ballast.nbytes == 300 * 2**20


@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
def test_a_file_that_the_runtime_refuses_is_named(runtime: str) -> None:
    pytest.importorskip({"litert": "ai_edge_litert", "onnxruntime": "onnxruntime"}[runtime], reason="not installed")
    subject = Subject("m-1", runtime, "file", "int8", Architecture("m", 1.0, 8, 1, 1), 300, b"no model")

    def check(error: BundleError) -> bool:
        text = str(error)
        return error.reason is BundleReason.BAD_MODEL and "\n" not in text and text.count(f"m-1 int8 on {runtime}") == 1

    with pytest.raises(BundleError, check=check):
        measure_fresh(subject, 1)


def test_a_process_that_dies_is_told_by_its_signal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nkill -ILL $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    subject = Subject("m-1", "litert", "tflite", "int8", Architecture("m", 1.0, 8, 1, 1), 300, b"")
    with pytest.raises(BundleError, match=r"m-1 int8 on litert: .*SIGILL"):
        measure_fresh(subject, 1)
