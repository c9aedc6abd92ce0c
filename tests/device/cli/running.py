"""What the command line's tests share: how it is run, and what a failure looks like."""

import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

Pulsekey = Callable[..., "subprocess.CompletedProcess[str]"]


def fails(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    lines = done.stderr.splitlines()
    errors = [line for line in lines if line.startswith("pulsekey: error: ")]
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(errors) == 1, done.stderr
    assert lines[-1] == errors[0]
    for word in words:
        assert word in errors[0]


def only_line(done: "subprocess.CompletedProcess[str]") -> None:
    assert len(done.stderr.splitlines()) == 1, done.stderr
