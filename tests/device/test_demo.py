"""The demo, whole, on a simulated board; here with the tiny model, in CI also with the one that ships."""

import subprocess
import sys
from pathlib import Path

import pytest

from device.bundle import default_bundle_path
from device.errors import BundleError

ROOT = Path(__file__).resolve().parents[2]


def demo(*options: object) -> str:
    words = [sys.executable, "-m", "device.cli", "demo", *map(str, options)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_demo_names_one_and_turns_one_away(bundle_folder: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    told = demo("--bundle", bundle_folder, "--runtime", "onnxruntime")
    assert told.count("good windows in 24 s") == 2
    assert "nobody I know" in told
    assert "Both right" in told


def test_demo_with_the_model_that_ships() -> None:
    try:
        default_bundle_path()
    except BundleError as error:
        pytest.skip(str(error))
    assert "Both right" in demo()
