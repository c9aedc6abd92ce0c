"""PyTorch as a runtime of `pulsekey bench`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from device.bench.fresh import measure_fresh, some_window
from device.bench.runtimes import PluginRuntime, open_runtime
from device.bundle import default_bundle_path, load_bundle
from device.cli import main
from device.errors import BundleError
from device.manifest import Architecture
from train import eager
from train.errors import TrainError

SMALL = Architecture("mobilenetv1", 0.25, 16, 1, 1)


@pytest.fixture(autouse=True)
def _threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_runner_answers_one_window_as_the_network_would() -> None:
    runner = eager.load(SMALL, 1)
    window = some_window(300)
    answer = runner.run(window)
    assert answer.shape == (1, 16)
    assert answer.dtype == np.float32
    network = runner._network
    assert not network.training
    with torch.no_grad():
        np.testing.assert_array_equal(answer, network(torch.from_numpy(window)[None, None, None]).numpy())


def test_the_thread_count_is_set() -> None:
    eager.load(SMALL, 2)
    assert torch.get_num_threads() == 2
    eager.load(SMALL, 1)
    assert torch.get_num_threads() == 1


def test_a_network_that_nobody_knows() -> None:
    with pytest.raises(TrainError, match="no network 'spectrum'"):
        eager.load(Architecture("spectrum", 1.0, 16, 1, 1), 1)


def test_the_device_finds_it_by_its_entry_point() -> None:
    runtime = open_runtime("torch")
    assert isinstance(runtime, PluginRuntime)
    assert runtime.describe() == f"torch {torch.__version__}"


def test_bench_with_torch_alone(tmp_path: Path, capsys: Any) -> None:
    try:
        folder = default_bundle_path()
    except BundleError as error:
        pytest.skip(str(error))
    out = tmp_path / "bench.json"
    assert main(["bench", "--bundle", str(folder), "--runtime", "torch", "--rounds", "1", "--json", str(out)]) == 0
    value = json.loads(out.read_text())
    (row,) = value["rows"]
    assert (row["format"], row["precision"], row["runtime"]) == ("torch", "fp32", "torch")
    assert (row["file_bytes"], row["ratio_to_limit"], row["operators"]) == (None, None, None)
    assert row["parameters"] == load_bundle(folder).manifest.architecture.parameters
    assert (value["limits"]["peaks"], value["pipeline"]) == ([], None)
    assert any("whole path" in line for line in value["left_out"])
    assert "left out: whole path" in capsys.readouterr().out


def test_a_fresh_process_says_what_it_cannot_build() -> None:
    runtime = open_runtime("torch")
    assert isinstance(runtime, PluginRuntime)
    subject = runtime.subject(load_bundle())
    broken = type(subject)("m-1", "torch", "torch", "fp32", Architecture("spectrum", 1.0, 8, 1, 1), 300, None)
    with pytest.raises(BundleError, match="m-1 fp32 on torch: no network 'spectrum'"):
        measure_fresh(broken, 1)
