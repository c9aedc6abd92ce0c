"""The wheel: the same bytes anywhere and at any time, all that belongs in it, and running without the checkout."""

import hashlib
import os
import subprocess
import sys
import sysconfig
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.packaging.building import PACKAGES, ROOT, BuildError, build_wheel, tracked_files
from tests.packaging.installed import installed_packages, run_tests, without_checkout

# Building takes seconds, but many on a busy machine.
pytestmark = pytest.mark.timeout(300)

STAYS_BEHIND = {
    "device/requirements.txt": "is for whoever installs the wheel",
    "firmware_bridge/firmware/uno.mk": "is make's, in a checkout",
    "train/results/*.[jmh]*": "is what was measured; looks.toml is read by a command",
}
"""What is tracked in the packages and not in the wheel, and why."""


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; what it needs is read from the environment that these tests run in."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    made = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(made), "install", "--quiet", "--no-deps", "--no-index"]
    # With the checkout on Python's path pip would find it there, and install nothing.
    subprocess.run([*command, "--disable-pip-version-check", str(wheel)], env=without_checkout(), check=True)
    # A folder that a .pth file adds has its own .pth files ignored, so an editable checkout in it is not found.
    (installed_packages(made) / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def run(python: Path, *words: str, at: Path) -> str:
    environment = without_checkout() | {"XDG_DATA_HOME": str(at / "share"), "OMP_NUM_THREADS": "1"}
    command = [str(python.parent / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=at, env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_clones_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = []
    for place, mask, zone, touched in (("a", 0o022, "UTC", 1), ("b/deeper", 0o077, "Asia/Tokyo", 2_000_000_000)):
        before = os.umask(mask)
        try:
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / place)], check=True)
            for name in tracked_files(tmp_path / place):
                os.utime(tmp_path / place / name, (touched, touched))
            (tmp_path / place / "device" / "left_behind.py").write_text("untracked = True\n")
            monkeypatch.setenv("TZ", zone)
            wheels.append(build_wheel(tmp_path / place, tmp_path / f"built-{zone[:3]}"))
        finally:
            os.umask(before)
    assert wheels[0].name == wheels[1].name
    one, other = (hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    assert one == other


def test_all_that_is_tracked_is_in_it_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        different = [name for name in names if archive.read(name) != (ROOT / name).read_bytes()]
    tracked = {name for name in tracked_files(ROOT) if name.partition("/")[0] in PACKAGES and (ROOT / name).exists()}
    left = {name for name in tracked if any(fnmatch(name, pattern) for pattern in STAYS_BEHIND)}
    assert names == tracked - left
    assert different == []
    assert [pattern for pattern in STAYS_BEHIND if not any(ROOT.glob(pattern))] == []


def test_outside_a_checkout_one_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="built from a git checkout") as caught:
        build_wheel(tmp_path, tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_the_checkout_cannot_be_imported(python: Path, tmp_path: Path) -> None:
    code = f"import importlib; [print(importlib.import_module(n).__file__) for n in {PACKAGES}]"
    for line in run(python, "python", "-c", code, at=tmp_path).splitlines():
        assert Path(line).is_relative_to(installed_packages(python))


def test_commands_find_what_came_with_them(python: Path, tmp_path: Path) -> None:
    assert "unlock" in run(python, "pulsekey", "--help", at=tmp_path)
    assert "ships with pulsekey" in run(python, "pulsekey", "trust", "--list", at=tmp_path)
    assert "[Service]" in run(python, "pulsekey", "recipe", "systemd", at=tmp_path)
    run(python, "pulsekey", "firmware", "--write", str(tmp_path / "sketches"), at=tmp_path)
    assert (tmp_path / "sketches" / "ppg_bridge" / "src" / "protocol.h").is_file()
    assert "bidmc" in run(python, "pulsekey", "data", "list", at=tmp_path)
    run(python, "pulsekey", "enrol", "ada", "--port", "sim://ada?speed=20", at=tmp_path)
    assert "ada" in run(python, "pulsekey", "list", at=tmp_path)


def test_tests_of_the_device_pass_against_it(python: Path) -> None:
    """A few; `make check-wheel` runs all, with each Python."""
    assert run_tests(python, ["tests/device/test_trust.py", "tests/device/test_signature.py"]) == 0
