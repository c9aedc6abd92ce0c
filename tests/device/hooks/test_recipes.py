"""The recipes that ship, judged by systemd itself, and by PAM."""

import argparse
import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.cli import main
from device.commands import unlock
from device.commands.recipe import RECIPES
from device.hooks.options import add_hooks
from tests.device.hooks.conftest import WAIT_S

MOST_EXPOSURE = 1.0
"""Of 10: as `systemd-analyze security` counts; 0.7 with systemd 252, and other versions count a little otherwise."""
PULSEKEY = "/opt/pulsekey/bin/pulsekey"
COMMAND = Path(sys.executable).with_name("pulsekey")


def recipe(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["recipe", name]) == 0
    return capsys.readouterr().out


def replaced(text: str, old: str, new: str) -> str:
    """`text` with the one place that says `old`, comments aside, saying `new`."""
    found = re.findall(rf"^[^#\n]*{re.escape(old)}.*$", text, re.MULTILINE)
    assert len(found) == 1, old
    return text.replace(found[0], found[0].replace(old, new))


@pytest.fixture
def unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "pulsekey.service"
    path.write_text(replaced(recipe("systemd", capsys), PULSEKEY, shutil.which("true") or "/bin/true"))
    return path


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze: apt install systemd")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=WAIT_S)


def test_recipes_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert recipe("systemd", capsys) == (RECIPES / "pulsekey.service").read_text(encoding="utf-8")
    assert recipe("pam", capsys) == (RECIPES / "pulsekey-pam").read_text(encoding="utf-8")
    assert main(["recipe", "init"]) == 2


def test_the_unit_is_one(unit: Path) -> None:
    done = analyze("verify", str(unit))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_is_hardened(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", f"--threshold={10 * MOST_EXPOSURE:.0f}", str(unit))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level for pulsekey.service" in done.stdout


def test_the_unit_runs_unlock_with_options_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(recipe("systemd", capsys))
    program, command, *words = shlex.split(parser["Service"]["ExecStart"])
    assert (program, command) == (PULSEKEY, "unlock")
    options = argparse.ArgumentParser(exit_on_error=False)
    unlock.add_arguments(options)
    if "--gpio" not in options.format_help():
        add_hooks(options)
    args = options.parse_args(words)
    state = parser["Service"]["StateDirectory"]
    assert (args.port, args.gallery) == ("auto", Path(f"/var/lib/{state}/gallery.sqlite"))


@pytest.fixture
def log_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str, str], int]]:
    """Authenticate a user by PAM with the recipe's own line and script, while a simulated wearer has the sensor."""
    pamtester = shutil.which("pamtester")
    if pamtester is None or os.geteuid() != 0 or not Path("/etc/pam.d").is_dir():
        pytest.skip("a PAM service can be tried by root with pamtester only: apt install pamtester")
    gallery, script = tmp_path / "gallery.sqlite", tmp_path / "pulsekey-pam"
    assert main(["enrol", "ada", "--port", "sim://ada?speed=60&seed=1", "--gallery", str(gallery)]) == 0
    text = recipe("pam", capsys)
    (line,) = re.findall(r"^#   (auth sufficient pam_exec\.so .*)$", text, re.MULTILINE)
    text = replaced(text, PULSEKEY, shlex.quote(str(COMMAND)))
    text = replaced(text, "/var/lib/pulsekey-pam/gallery.sqlite", shlex.quote(str(gallery)))
    service = Path(f"/etc/pam.d/pulsekey-test-{os.getpid()}")

    def log_in(user: str, wearer: str) -> int:
        url = f"'sim://{wearer}?speed=20&seed=2'"
        script.write_text(replaced(text, "--port auto", f"--port {url}"))
        script.chmod(0o755)
        words = [pamtester, service.name, user, "authenticate"]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60).returncode

    service.write_text(f"{line.replace('/usr/local/bin/pulsekey-pam', str(script))}\nauth requisite pam_deny.so\n")
    try:
        yield log_in
    finally:
        service.unlink()


def test_pam_takes_the_owner_and_nobody_else(log_in: Callable[[str, str], int]) -> None:
    assert log_in("ada", "ada") == 0
    assert log_in("ada", "grace") == 1
    assert log_in("grace", "grace") == 1  # not enrolled
    assert log_in("--help", "ada") == 1
