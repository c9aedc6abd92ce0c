"""The simulated Uno's command: a board on a terminal, or one line that says what is missing."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import BoardReader, SampleBlock
from firmware_bridge.source_urls import source_of
from tests.firmware_bridge.firmware.executed import SIXTEEN_BITS
from tests.simulated_uno import SimulatorMissingError, shim

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.usefixtures("sketch")
def test_the_command_serves_it_on_a_terminal() -> None:
    command = [sys.executable, "-m", "tests.simulated_uno", "sim://ada?seed=3", "--speed", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with process.stdout, BoardReader(process.stdout.readline().strip()) as reader:
            blocks = list(islice((message for message in reader if isinstance(message, SampleBlock)), 5))
    finally:
        process.terminate()
        assert process.wait(10) == 0
    expected = source_of("sim://ada?seed=3").source.read(25) & SIXTEEN_BITS
    assert np.concatenate([block.ir_counts for block in blocks]).tolist() == expected[:, 0].tolist()


def test_a_recording_of_another_rate_is_refused_in_one_line(data_folder: Path) -> None:
    source = f"replay://{data_folder / 'stress_predict' / 'stress_predict.npz'}?record=S01"
    command = [sys.executable, "-m", "tests.simulated_uno", source]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "has 64 samples a second: the sensor measures 125" in done.stderr


@pytest.mark.parametrize("says", [None, "fatal error: simavr/sim_avr.h: No such file or directory"])
def test_a_missing_simulator_is_one_line(says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if says is not None:
        compiler = tmp_path / "cc"
        compiler.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
        compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shim, "CACHE", tmp_path / "cache")
    with pytest.raises(
        SimulatorMissingError, match="sudo apt install gcc libsimavr-dev libelf-dev python3-dev"
    ) as caught:
        shim.load_shim.__wrapped__()
    assert "\n" not in str(caught.value)
