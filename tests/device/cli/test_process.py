"""The real command line in a process of its own: how it starts, is told nonsense, and is stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.device.cli.running import ROOT, Pulsekey, fails, only_line


def test_run_script_is_the_same_command(options: list[object], board: Any, pulsekey: Pulsekey, tmp_path: Path) -> None:
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    words = [sys.executable, str(ROOT / "device" / "run.py"), "--port", board("ann", 30.0), "--json"]
    done = subprocess.run(
        [*words, *map(str, options)], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"identified"' in done.stdout


def test_run_script_without_dependencies_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(ROOT / "device" / "run.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    fails(done, "make install", ".venv/bin/python device/run.py")


def test_bundle_faults(pulsekey: Pulsekey, bundle_copy: Path, tmp_path: Path, sign: Callable[[Path], None]) -> None:
    port = ["--port", "/dev/surely-not-there"]
    done = pulsekey("run", *port, "--bundle", tmp_path / "none")
    fails(done, "no bundle at")
    only_line(done)
    manifest = json.loads((bundle_copy / "manifest.json").read_text())
    (bundle_copy / "manifest.json").write_text(json.dumps(manifest | {"format_version": 9}))
    fails(pulsekey("run", *port, "--bundle", bundle_copy), "signature does not match")
    sign(bundle_copy)
    fails(pulsekey("run", *port, "--bundle", bundle_copy), "format 9")
    (bundle_copy / "manifest.json").write_text(json.dumps(manifest))
    sign(bundle_copy)
    (bundle_copy / "model.int8.onnx").write_bytes(b"x")
    fails(pulsekey("run", *port, "--bundle", bundle_copy), "model.int8.onnx is damaged")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nonsense"], "no command 'nonsense'"),
        (["run", "--nonsense"], "--nonsense"),
        (["run", "--seconds", "nan"], "not a number above 0"),
        (["run", "--decisions", "0"], "not an integer above 0"),
        (["enrol"], "NAME"),
        (["evaluate"], "--cohort"),
        (["evaluate", "--cohort", "x.npz", "--decision-seconds", "2.4,-1"], "'-1'"),
        (["evaluate", "--cohort", "x.npz", "--json", "/no/such/folder/out.json"], "/no/such/folder/out.json"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_bad_arguments(pulsekey: Pulsekey, words: list[str], told: str) -> None:
    done = pulsekey(*words)
    fails(done, told)
    only_line(done)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_from_outside_is_clean(
    command: list[str], pulsekey: Pulsekey, options: list[object], board: Any, number: int
) -> None:
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    url = board("ann", 90.0).replace("speed=0", "speed=1")  # real time: it cannot end by itself meanwhile
    words = [*command, "run", "--port", url, "--json", *map(str, options)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["event"] == "listening"
        os.kill(child.pid, number)
        rest, errors = child.communicate(timeout=30)
    assert child.returncode == 0, errors
    assert json.loads(rest.splitlines()[-1])["event"] == "summary"
    assert errors == ""


def test_a_reader_that_leaves_ends_it_quietly(
    command: list[str], pulsekey: Pulsekey, options: list[object], board: Any
) -> None:
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    words = [*command, "run", "--port", board("ann", 90.0), "--json", *map(str, options)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        errors = child.stderr.read()
    assert child.returncode == 141
    assert errors == ""


def test_help_and_version(pulsekey: Pulsekey) -> None:
    done = pulsekey("--help")
    assert done.returncode == 0
    for name in ("run", "enrol", "list", "forget", "trust", "ports", "demo", "evaluate"):
        assert f"  {name} " in done.stdout
        assert pulsekey(name, "--help").returncode == 0
    assert pulsekey("--version").stdout.startswith("pulsekey ")


def install(folder: Path, package: str, declared: str, code: str) -> None:
    """A package that declares a command, as pip would lay it out."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        f"[console_scripts]\nx = y:z\n\n[pulsekey.commands]\n{declared}\n\n[other]\nnot = mine\n"
    )
    (folder / f"{package}.py").write_text(code)


COMMAND = """
HELP = "A command of another package."
def add_arguments(parser):
    parser.add_argument("word")
def run(args):
    print("did", args.word)
    return 0
"""


def test_installed_packages_add_commands(pulsekey: Pulsekey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "other_commands", "extra = other_commands", COMMAND)
    install(tmp_path, "heavy_commands", "heavy = heavy_commands", "import surely_not_installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    shown = pulsekey("--help").stdout  # which loads neither of them
    assert "extra" in shown
    assert "heavy" in shown
    assert "not = mine" not in shown
    done = pulsekey("extra", "it")
    assert (done.returncode, done.stdout) == (0, "did it\n")
    done = pulsekey("heavy")
    fails(done, "surely_not_installed", "pip install")
    only_line(done)
