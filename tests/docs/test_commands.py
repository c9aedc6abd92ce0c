"""Every command that README and docs show is parsed; every one that a device runs is run, on a simulated board."""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from device.cli import OWN_COMMANDS
from tests.docs.help_page import commands, page
from tests.docs.shell_lines import PAGES, ROOT, ShellLine, shell_lines

LINES = list(shell_lines())
PULSEKEY = [sys.executable, "-m", "device.cli"]
PIN = "482913"
BOARD = "sim://ada?speed=20"
PLACES = ("/dev/ttyUSB0", "auto")
"""Where the pages have a board; here a simulated one, at twenty times real time, is."""

NOT_OURS = {
    "sudo": "changes the system",
    "pip": "installs",
    "source": "is the shell's",
    "mkdir": "is the shell's",
    "make demo": "is run on a fresh clone",
    "make demo-ui": "is run until stopped; tests/device/ui opens the same page",
    "make test": "runs this",
    "make check-arm": "takes half an hour; tests/arm try its parts",
    "make check-wheel": "takes an hour; tests/packaging build the wheel and look into it",
    "make wheel": "tests/packaging build it",
    "make mutants": "takes minutes a module; tests/mutation try its parts",
    "torchrun": "tests/train/test_parallel.py runs it",
    "make flash": "needs a board; tests/firmware_bridge/firmware compiles the sketch",
}
"""How lines begin that no test here runs, and why."""
UNTIL_STOPPED = ("unlock", "run", "lsl", "ui")
NEEDS_ELSEWHERE = {
    "--mqtt": "tests/device/hooks run it against a broker",
    "--gpio": "tests/device/hooks run it on mock pins",
    "--board-key": "tests/firmware_bridge flash and read such a board",
    "bench": "tests/device/bench run it",
    "ui": "tests/device/ui run it in a browser",
    "lsl": "tests/device/test_lsl_command.py runs it",
    "cohort": "tests/train run it",
    "data": "tests/train/data and tests/train/preparing run it",
    "soak": "tests/device/soak run it",
    "--passphrase": "tests/device/store run it",
    "my-bundle": "tests/export make one",
    "evaluate": "tests/device/test_evaluate.py runs it: it needs two people",
}
"""Words of commands that are parsed here, and run where the reason says."""


def is_expected_output(line: ShellLine) -> bool:
    return line.text.startswith("pulsekey: error:")


def words_of(line: ShellLine) -> list[str] | None:
    """The words after `pulsekey`; None for a line that is not one of its commands."""
    words = shlex.split(line.text.removeprefix("$ "))
    if words[:2] == ["python", "device/run.py"]:
        return ["run", *words[2:]]
    return words[1:] if words[0] == "pulsekey" else None


OURS = [(line, words) for line in LINES if not is_expected_output(line) and (words := words_of(line)) is not None]


def test_there_is_something_to_test() -> None:
    assert len(PAGES) >= 8
    assert len(OURS) > 40


@pytest.mark.parametrize("line", [line for line in LINES if words_of(line) is None and not is_expected_output(line)])
def test_a_line_that_is_not_run_has_a_reason(line: ShellLine) -> None:
    assert any(line.text == start or line.text.startswith(f"{start} ") for start in NOT_OURS), line


def test_each_reason_has_a_line() -> None:
    texts = [line.text for line in LINES]
    assert [start for start in NOT_OURS if not any(text.startswith(start) for text in texts)] == []


@pytest.mark.parametrize(("line", "words"), OURS, ids=[f"{line.page}: {line.text}" for line, _ in OURS])
def test_each_command_is_one(line: ShellLine, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert words[0] in commands(), f"{line.page}: no such command"
    monkeypatch.chdir(ROOT)
    if words[0] in OWN_COMMANDS:
        module = OWN_COMMANDS[words[0]][0]
    else:
        entry_points = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        found = re.search(rf'^{re.escape(words[0])} = "([\w.]+)"$', entry_points, re.MULTILINE)
        assert found, line
        module = found[1]
    parser = argparse.ArgumentParser(exit_on_error=False)
    import_module(module).add_arguments(parser)
    parser.parse_args([os.path.expanduser(word) for word in words[1:]])


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help anew in each Python")
def test_commands_are_told_in_their_own_words() -> None:
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == page(), (
        "python -m tests.docs.help_page docs/commands.md"
    )


def runnable(words: list[str]) -> bool:
    return words[0] in OWN_COMMANDS and not any(word in NEEDS_ELSEWHERE for word in words)


def on_a_simulated_board(words: list[str]) -> list[str]:
    """The same command with its board simulated, and an end."""
    words = [BOARD if word in PLACES else word for word in words]
    words = [f"{word}?speed=20" if word.startswith("replay://") and "?" not in word else word for word in words]
    if "--seconds" in words:
        words[words.index("--seconds") + 1] = "3"
    if (words[0] == "enrol" and "--port" not in words) or words[:2] in (["ports", "--watch"], ["ports", "--identify"]):
        words += [] if "--port" in words else ["--port", BOARD]
    if words[0] in UNTIL_STOPPED and "--seconds" not in words and not any("replay://" in word for word in words):
        words += ["--seconds", "2"]
    if words[0] == "unlock":
        words += ["--plain"]
    return words


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[list[str]], tuple[int, str]]:
    environment = os.environ | {
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "share"),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }

    def run(words: list[str]) -> tuple[int, str]:
        forever = words[:2] == ["ports", "--watch"]
        with subprocess.Popen(
            [*PULSEKEY, *(os.path.expanduser(word.replace("~", str(tmp_path))) for word in words)],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                if forever:
                    assert process.stdout is not None
                    process.stdout.readline()
                    process.send_signal(signal.SIGINT)
                told, _ = process.communicate(None if forever else f"{PIN}\n" * 3, timeout=60)
            finally:
                process.kill()
        return process.returncode, told

    return run


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted({line.page for line, words in OURS if runnable(words)}))
def test_a_page_from_its_top_to_its_end(name: str, shell: Callable[[list[str]], tuple[int, str]]) -> None:
    """One reader, one home: each page's commands in order, after what the pages before it have done."""
    for prepared in (["enrol", "ada", "--port", BOARD], ["pin"]):
        status, told = shell(prepared)
        assert status == 0, told
    for line, words in OURS:
        if line.page != name or not runnable(words):
            continue
        if words[0] == "enrol" and "--add" not in words:
            shell(["forget", "ada"])
        if line.text.startswith("$ "):
            shell(["enrol", "ada", "--port", BOARD])
        status, told = shell(on_a_simulated_board(words))
        expected = 2 if line.text.startswith("$ ") else 0
        assert status == expected, f"{line.text}: {told}"
        if line.text.startswith("$ "):
            assert any(told.strip() == other.text for other in LINES), told
