"""`pulsekey unlock` as a process: on a simulated board, with lines and with its view, stopped by signals."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.bundle import default_bundle_path
from device.cli import main
from device.errors import BundleError
from device.gallery import Gallery
from device.store.guard import Guard
from tests.device.hooks.conftest import comes_true

ROOT = Path(__file__).resolve().parents[2]
UNLOCK = [sys.executable, "-m", "device.cli", "unlock"]
BOARD = "sim://ada?speed=10&seed=2"
PIN = "482913"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery with ada in it, by the model that ships."""
    try:
        default_bundle_path()
    except BundleError as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("gallery") / "gallery.sqlite"
    assert main(["enrol", "ada", "--port", "sim://ada?speed=20", "--gallery", str(path)]) == 0
    with Gallery(path) as gallery:
        Guard(gallery.store).set_pin(PIN)
    return path


@pytest.fixture
def gallery(enrolled: Path, tmp_path: Path) -> Path:
    """A copy of it, so that no test sees another's tries."""
    for file in enrolled.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / file.name).chmod(0o600)
    return tmp_path / enrolled.name


def lines_until(process: "subprocess.Popen[str]", wanted: str) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if wanted in line:
            return


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_locks_before_anything_else(gallery: Path, tmp_path: Path, number: signal.Signals) -> None:
    note = tmp_path / "note"
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$PULSEKEY_STATE $PULSEKEY_PERSON $PULSEKEY_REASON" >> {note}\n')
    hook.chmod(0o755)
    words = ["--plain", "--port", BOARD, "--gallery", gallery, "--on-unlock", hook, "--on-lock", hook]
    with subprocess.Popen(
        [*UNLOCK, *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            told = list(lines_until(process, "unlocked for ada"))
            assert "unlocked for ada" in told[-1]
            # The hook may not have begun: it would rightly do nothing then, and say so.
            assert comes_true(lambda: note.exists() and note.read_text().endswith("\n"))
            process.send_signal(number)
            rest, error = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert rest.splitlines()[-1] == "locked: stopped"
    assert error == ""
    states = note.read_text().splitlines()
    assert states[-1] == "locked ada stopped"


def test_programs_get_every_event(gallery: Path) -> None:
    words = ["--json", "--port", BOARD, "--gallery", gallery, "--seconds", "4"]
    done = subprocess.run(
        [*UNLOCK, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    changes = [(one["locked"], one["person"]) for one in events if one["event"] == "lock_changed"]
    assert changes == [(False, "ada"), (True, "ada")]
    names = [one["event"] for one in events]
    assert names.index("finger_changed") < names.index("presentation_checked") < names.index("lock_changed")


def test_the_pin_is_typed_while_it_runs(gallery: Path) -> None:
    words = ["ada", "--pin", "--plain", "--port", BOARD, "--gallery", gallery, "--seconds", "8"]
    done = subprocess.run(
        [*UNLOCK, *map(str, words)], cwd=ROOT, input=f"{PIN}\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert PIN not in done.stdout
    assert "the PIN is right" in done.stdout
    assert "unlocked for ada" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--afresh"], "--afresh needs NAME and --pin"),
        (["ada", "--pin", "--afresh", "--hold", "3"], "--afresh needs NAME and --pin"),
        (["eve"], "not enrolled"),
        (["--on-lock", "no-such-program"], "no-such-program"),
        (["--port", "replay://nowhere.npz"], "--challenge off"),
    ],
)
def test_what_cannot_be_is_one_line(
    gallery: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["unlock", "--port", BOARD, "--gallery", str(gallery), *words]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_an_empty_gallery_is_told_before_the_board_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["unlock", "--port", "/dev/ttyUSB9", "--gallery", str(tmp_path / "none.sqlite")]) == 2
    assert "nobody is enrolled" in capsys.readouterr().err


def test_the_view_fits_a_terminal_and_gives_it_back(gallery: Path) -> None:
    pytest.importorskip("rich", reason="rich is not installed")
    child, fd = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [*UNLOCK, "--port", BOARD, "--gallery", str(gallery)])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        deadline = time.monotonic() + 60.0
        while b"UNLOCKED" not in seen and time.monotonic() < deadline:
            seen += _read(fd)
        os.kill(child, signal.SIGINT)
        while chunk := _read(fd, 10.0):
            seen += chunk
    finally:
        os.kill(child, signal.SIGKILL) if os.waitpid(child, os.WNOHANG) == (0, 0) else None
        os.close(fd)
    text = seen.decode("utf-8")
    frames = text.split("\x1b[H")
    assert any("UNLOCKED" in frame and "ada" in frame for frame in frames), text[-500:]
    for frame in frames[1:-1]:
        lines = _ESCAPE.sub("", frame).replace("\r", "").split("\n")
        assert len(lines) <= 24
        assert max(map(len, lines)) <= 80
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1, "the screen as it was"


def _read(fd: int, wait_s: float = 0.2) -> bytes:
    if not select.select([fd], [], [], wait_s)[0]:
        return b""
    try:
        return os.read(fd, 65536)
    except OSError:  # the other end is closed
        return b""
