"""Cohort files that `pulsekey evaluate` refuses in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.device.cli.running import Pulsekey, fails, only_line


def write_cohort(path: Path, signal: Any, without: str | None = None) -> Path:
    arrays: dict[str, Any] = {
        "fs": np.float64(125.0),
        "start": np.array([0, len(signal), 2 * len(signal)]),
        "ppg": np.tile(np.where(np.isnan(signal), -32768, np.nan_to_num(signal)).astype(np.int16), 2),
        "ppg_scale": np.ones(2),
        "ppg_offset": np.zeros(2),
        "subject": np.array(["p1", "p2"]),
        "session": np.array(["s", "s"]),
    }
    np.savez(path, **{name: array for name, array in arrays.items() if name != without})
    return path


@pytest.mark.parametrize("without", ["fs", "ppg", "start", "ppg_scale", "ppg_offset", "subject", "session"])
def test_cohort_without_a_required_array(
    pulsekey: Pulsekey, options: list[object], tmp_path: Path, without: str
) -> None:
    path = write_cohort(tmp_path / "c.npz", np.zeros(100), without)
    done = pulsekey("evaluate", "--cohort", path, *options[:4])
    fails(done, "c.npz", f"'{without}'")
    only_line(done)


@pytest.mark.parametrize("value", [np.nan, 500.0])
def test_cohort_of_nan_or_constant_signals(
    pulsekey: Pulsekey, options: list[object], tmp_path: Path, value: float
) -> None:
    out = tmp_path / "out.json"
    out.write_text("what was there")
    path = write_cohort(tmp_path / "c.npz", np.full(125 * 90, value))
    done = pulsekey("evaluate", "--cohort", path, "--json", out, *options[:4])
    fails(done, "c.npz", "0 of 2 people")
    only_line(done)
    assert out.read_text() == "what was there"


def test_cohort_of_one_person(pulsekey: Pulsekey, options: list[object], tmp_path: Path) -> None:
    path = write_cohort(tmp_path / "c.npz", np.zeros(100))
    done = pulsekey("evaluate", "--cohort", path, "--enrol-session", "x", *options[:4])
    fails(done, "at least two people")
