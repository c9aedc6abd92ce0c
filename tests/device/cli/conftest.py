"""The real command line in a process of its own, a bundle, a gallery and boards to run it with."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.device.cli.running import ROOT, Pulsekey

BOARD = "replay://{path}?speed=0"


@pytest.fixture
def command() -> list[str]:
    return [sys.executable, "-m", "device.cli"]


@pytest.fixture
def pulsekey(command: list[str]) -> Pulsekey:
    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        words = [*command, *map(str, arguments)]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)

    return run


@pytest.fixture
def options(bundle_folder: Path, tmp_path: Path) -> list[object]:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    return [
        "--bundle",
        bundle_folder,
        "--runtime",
        "onnxruntime",
        "--gallery",
        tmp_path / "g" / "gallery.sqlite",
    ]


@pytest.fixture
def gallery_path(options: list[object]) -> Path:
    return Path(str(options[-1]))


@pytest.fixture
def board(tmp_path: Path, pulse_of: Callable[..., Any]) -> Callable[..., str]:
    """The URL of a simulated board that replays this person, or any signal, as fast as it is read."""

    def url(who: Any, seconds: float = 90.0, seed: int = 0) -> str:
        path = tmp_path / f"{who if isinstance(who, str) else 'signal'}-{seconds:g}-{seed}.npz"
        signal = pulse_of(who, seconds, seed=seed) if isinstance(who, str) else who
        np.savez(
            path,
            fs=np.float64(125.0),
            start=np.array([0, len(signal)]),
            ppg=np.where(np.isnan(signal), -32768, np.rint(np.nan_to_num(signal) * 1e4)).astype(np.int16),
            ppg_scale=np.array([1e-4]),
            ppg_offset=np.array([0.0]),
            subject=np.array(["p"]),
            session=np.array(["s"]),
        )
        return BOARD.format(path=path)

    return url
