"""Programs run as the lock changes: what they are told, and what becomes of those that fail."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from device.errors import HookError, HookReason
from device.hooks.change import Change
from device.hooks.command import CommandHook, program
from device.hooks.execution import MAX_OUTPUT_BYTES, execute
from device.hooks.hooks import Hooks
from tests.device.hooks.conftest import WAIT_S, Told, comes_true


def python(code: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", code, *words)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state != "Z"


def error_of(hook: CommandHook, change: Change) -> HookError:
    with pytest.raises(HookError) as caught:
        hook.apply(change)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def test_programs_are_told_what_and_whom_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unlock: Change, lock: Change
) -> None:
    monkeypatch.setenv("PULSEKEY_MQTT_PASSWORD", "secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("HOME")
    note = python("import json, os, sys; json.dump([dict(os.environ), sys.stdin.read()], open(sys.argv[1], 'w'))")
    places = tmp_path / "unlock; echo", tmp_path / "lock $HOME"  # no shell sees them
    hook = CommandHook((*note, str(places[0])), (*note, str(places[1])))
    for change, place in zip((unlock, lock), places, strict=True):
        hook.apply(change)
        told, typed = json.loads(place.read_text())
        told.pop("LC_CTYPE", None)  # which Python itself may set
        assert told == {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PULSEKEY_PERSON": "Ada",
            "PULSEKEY_STATE": change.state,
            "PULSEKEY_REASON": "a reason",
            "PULSEKEY_TIME": "2026-01-02T03:04:05+00:00",
        }
        assert typed == ""


def test_what_was_not_asked_for_is_not_run(tmp_path: Path, unlock: Change, lock: Change) -> None:
    touch = python("open(__import__('sys').argv[1], 'x')", str(tmp_path / "run"))
    CommandHook(None, touch).apply(unlock)
    CommandHook(touch, None).apply(lock)
    assert list(tmp_path.glob("run")) == []


def test_a_failing_program_says_why(unlock: Change, lock: Change) -> None:
    says = "import sys; print('no such door\\n\\x1b[31mred', file=sys.stderr); sys.exit(3)"
    error = error_of(CommandHook(python(says), None), unlock)
    assert error.reason is HookReason.FAILED
    assert str(error) == f"--on-unlock {sys.executable}: exit status 3; it said: no such door ?[31mred"
    killed = "import os; os.kill(os.getpid(), 9)"
    assert str(error_of(CommandHook(None, python(killed)), lock)).endswith(": ended by signal 9")


def test_a_program_that_is_gone(tmp_path: Path, lock: Change) -> None:
    error = error_of(CommandHook(None, (str(tmp_path / "gone"),)), lock)
    assert error.reason is HookReason.NOT_STARTED
    assert str(error) == f"--on-lock {tmp_path}/gone: No such file or directory"


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path, unlock: Change) -> None:
    place = tmp_path / "pid"
    hangs = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid))\n"
        "print('waiting', flush=True)\n"
        "time.sleep(600)"
    )
    error = error_of(CommandHook(python(hangs, str(place)), None, timeout_s=1.0), unlock)
    assert error.reason is HookReason.TIMED_OUT
    assert str(error) == f"--on-unlock {sys.executable} ran for 1 s and was killed; it said: waiting"
    child = int(place.read_text())
    assert comes_true(lambda: not is_alive(child))


def test_much_output_is_read_and_little_kept() -> None:
    done = execute(python("print('x' * 5_000_000)"), {}, WAIT_S)
    assert (done.status, done.output) == (0, "x" * MAX_OUTPUT_BYTES)


def test_output_that_is_closed_early_is_no_end() -> None:
    done = execute(python("import os, time; os.close(1); os.close(2); time.sleep(0.1); os._exit(7)"), {}, WAIT_S)
    assert done.status == 7


def test_output_that_is_closed_early_does_not_outwait_the_time() -> None:
    done = execute(python("import os, time; os.write(1, b'x'); os.close(1); os.close(2); time.sleep(600)"), {}, 1.0)
    assert (done.status, done.output) == (None, "x")


def test_what_it_leaves_in_the_background_is_not_waited_for() -> None:
    done = execute(("/bin/sh", "-c", "sleep 600 & echo $!"), {}, WAIT_S)
    assert done.status == 0
    child = int(done.output)
    assert is_alive(child)
    os.kill(child, signal.SIGKILL)


def test_the_program_that_locks_runs_even_if_the_other_hangs(told: Told, tmp_path: Path, unlock: Change) -> None:
    place = tmp_path / "locked"
    hook = CommandHook(
        python("import time; print('x', flush=True); time.sleep(600)"),
        python("open(__import__('sys').argv[1], 'x')", str(place)),
        timeout_s=1.0,
    )
    with Hooks([hook], told) as hooks:
        hooks.apply(unlock)
        assert "was killed" in told.next()
    assert place.exists()
    assert told.all() == []


def test_words_are_those_of_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = tmp_path / "door"
    door.write_text("#!/bin/sh\n")
    door.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("door 'front side' --open") == (str(door), "front side", "--open")
    monkeypatch.chdir(tmp_path)
    assert program("./door") == (str(door),)


@pytest.mark.parametrize(
    ("text", "told"), [("surely-not-there --x", "no program 'surely-not-there'"), ("'", "quotation"), (" ", "name a")]
)
def test_bad_programs(text: str, told: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=told):
        program(text)
