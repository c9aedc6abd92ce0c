"""`pulsekey lsl` as a process of its own, and an inlet that takes what it streams."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge import wearer_names
from firmware_bridge.wearers import WearerSource, load_wearer

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "device.cli", "lsl"]
SAMPLES = 400


@pytest.fixture(scope="module")
def lsl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """liblsl kept to this machine, here and in child processes."""
    path = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    path.write_text("[lab]\nKnownPeers = {localhost}\n[multicast]\nResolveScope = machine\n[log]\nlevel = -2\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSLAPICFG", str(path))
        yield pytest.importorskip("pylsl", reason="pylsl is not installed", exc_type=ImportError)


def refused(*arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_live_board_until_ctrl_c(lsl: Any) -> None:
    wearer, name = wearer_names()[0], f"pulsekey-test-{os.getpid()}"
    words = [*COMMAND, "--port", f"sim://{wearer}", "--name", name]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        found = lsl.resolve_byprop("name", name, timeout=30)
        assert [(info.type(), info.nominal_srate()) for info in found] == [("PPG", 125.0)]
        assert found[0].source_id().endswith(f" sim://{wearer}")
        inlet = lsl.StreamInlet(found[0], recover=False)
        rows: list[list[int]] = []
        times: list[float] = []
        while len(times) < SAMPLES:
            chunk, stamps = inlet.pull_chunk(timeout=10, max_samples=SAMPLES - len(times))
            assert len(stamps), "the stream ended early"
            rows.extend(map(list, chunk))
            times.extend(stamps)
        inlet.close_stream()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 0, err
    streamed, tail = out.split(" ", 1)
    assert int(streamed) >= SAMPLES
    assert tail == "samples streamed, 0 lost\n"
    measured = WearerSource(load_wearer(wearer)).read(5000).tolist()
    first = measured.index(rows[0])
    assert rows == measured[first : first + SAMPLES]
    assert np.all(np.diff(times) > 0)
    # A busy machine reads late, which the regression does not hide entirely.
    assert np.polyfit(times, np.arange(SAMPLES), 1)[0] == pytest.approx(125.0, rel=0.1)


@pytest.mark.parametrize(
    "fault",
    [
        "raise ModuleNotFoundError(\"No module named 'pylsl'\", name='pylsl')",
        "raise RuntimeError('no liblsl\\nget it')",
    ],
)
def test_without_pylsl_it_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    (tmp_path / "pylsl.py").write_text(fault)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told = refused("--port", "/dev/surely-not-there")
    assert told.startswith("pulsekey: error: lsl needs pylsl")
    assert told.endswith(": pip install 'pulsekey[lsl]'\n")


@pytest.mark.parametrize(
    ("words", "told"), [(["--port", "/dev/surely-not-there"], "/dev/surely-not-there"), (["--name", " "], "a name")]
)
def test_bad_arguments(lsl: Any, words: list[str], told: str) -> None:
    assert told in refused(*words)
