"""The wheel of this checkout with what it needs, laid out as pip would on a Pi, and how much room that takes."""

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.arm.cores import ArmError
from tests.arm.debian import last_line

ROOT = Path(__file__).resolve().parents[2]
_PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
"""What Raspberry Pi OS Bookworm (glibc 2.36) and newer takes, newest first."""
_BLOCK_BYTES = 4096
"""Of ext4: a file takes whole ones."""
_OF_A_VENV = ("pip",)


def build_wheel(folder: Path) -> Path:
    """The wheel, by the module that `make wheel` uses.

    Raises:
        ArmError: It was not built.
    """
    done = _run([sys.executable, "-m", "tests.packaging.building", str(folder)], {})
    return Path(last_line(done)).resolve()


def sha256_of(file: Path) -> str:
    """Of a file's bytes, in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def install(wheel: Path, extra: str, python: str, site: Path, wheels: Path) -> None:
    """Install the wheel with an extra (or none) for 64-bit ARM into `site`, which is made anew.

    Args:
        wheel: this project's.
        extra: its name, or empty.
        python: `3.11`.
        site: what to put on Python's path.
        wheels: a folder for those that are made here.

    Raises:
        ArmError: pip found no version for this Python and processor.
    """
    _pure_cobs(wheels)
    shutil.rmtree(site, ignore_errors=True)
    platforms = [word for platform in _PLATFORMS for word in ("--platform", f"{platform}_aarch64")]
    what = [f"{wheel}[{extra}]" if extra else str(wheel), *_OF_A_VENV]
    _run(
        [
            *_pip("install"), "--no-compile", "--target", str(site), "-c", str(ROOT / "constraints.txt"),
            "--find-links", str(wheels), "--only-binary=:all:", "--python-version", python, "--implementation", "cp",
            *platforms, *what,
        ],
        {},
    )  # fmt: skip


def _pure_cobs(wheels: Path) -> None:
    """cobs has no wheel for ARM: pip makes one from its source, in pure Python where there is no C compiler."""
    version = importlib.metadata.version("cobs")
    if not list(wheels.glob(f"cobs-{version}-py3-none-any.whl")):
        make = [
            *_pip("wheel"),
            "--no-deps",
            "--no-cache-dir",
            "--no-binary",
            "cobs",
            "-w",
            str(wheels),
            f"cobs=={version}",
        ]
        _run(make, {"CC": "false"})


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check"]


def room_by_package(site: Path) -> dict[str, int]:
    """Bytes on disk of each installed distribution with its bytecode, largest first; what is nobody's is `other`."""
    owner: dict[str, str] = {}
    for distribution in importlib.metadata.distributions(path=[str(site)]):
        for file in distribution.files or ():
            owner.setdefault(file.parts[0], distribution.metadata["Name"])
    room: Counter[str] = Counter()
    for file in site.rglob("*"):
        if file.is_file() and not file.is_symlink():
            blocks = -(-file.stat().st_size // _BLOCK_BYTES)
            room[owner.get(file.relative_to(site).parts[0], "other")] += blocks * _BLOCK_BYTES
    return dict(room.most_common())


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ArmError(f"{' '.join(command[1:4])} failed: {last_line(done.stderr)}")
    return done.stdout
