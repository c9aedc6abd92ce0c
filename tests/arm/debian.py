"""Debian's packages unpacked into a folder, by an apt with a state of its own: nothing of this system is touched."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.arm.cores import ArmError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/zoneinfo")


@dataclass(frozen=True, slots=True)
class Release:
    """A Debian release, and its Python."""

    codename: str
    python: str


RELEASES = (Release("bookworm", "3.11"), Release("trixie", "3.13"))
"""Raspberry Pi OS is made of these."""


def arm_packages(release: Release) -> list[str]:
    """What a Pi has already: Python with its standard library, and what wheels link to."""
    return [f"python{release.python}-minimal", f"libpython{release.python}-stdlib", "libstdc++6", "libgomp1"]


def unpack(codename: str, packages: list[str], architecture: str, root: Path, state: Path) -> None:
    """Download packages with all they depend on, and unpack them below `root`; no script of theirs is run.

    Args:
        codename: the release they are taken from.
        packages: their names.
        architecture: Debian's name of it.
        root: where to; made anew.
        state: apt's own folder; what was downloaded stays there.

    Raises:
        ArmError: There is no apt, no mirror or no keyring, or something is not to be had.
    """
    configuration = _configure(codename, architecture, state)
    apt = ["apt-get", "-q", "-y", "-o", f"APT::Architecture={architecture}"]
    _run([*apt, "update"], configuration)
    for old in (state / "cache/archives").glob("*.deb"):
        old.unlink()
    _run([*apt, "install", "--download-only", "--no-install-recommends", *packages], configuration)
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "lib", "sbin"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for archive in sorted((state / "cache/archives").glob("*.deb")):
        _unpack_one(archive, root)


def _unpack_one(archive: Path, root: Path) -> None:
    left_out = [f"--exclude={path}" for path in _LEFT_OUT]
    tar = ["tar", "x", "-C", str(root), "--keep-directory-symlink", *left_out]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as deb:
        done = subprocess.run(tar, stdin=deb.stdout, capture_output=True, text=True, check=False)
    if done.returncode or deb.returncode:
        raise ArmError(f"{archive.name} cannot be unpacked: {last_line(done.stderr)}; remove it and try again")


def _configure(codename: str, architecture: str, state: Path) -> Path:
    """apt's configuration: its own folders, this system's mirror and its way to it (proxies, time limits)."""
    for needed in ("apt-get", "dpkg-deb"):
        if shutil.which(needed) is None:
            raise ArmError(f"no {needed}: this runs on Debian and its like")
    if not KEYRING.exists():
        raise ArmError("no keys of Debian's: sudo apt install debian-archive-keyring")
    for folder in ("lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    source = f"deb [arch={architecture} signed-by={KEYRING}] {mirror()} {codename} main\n"
    (state / "etc/sources.list").write_text(source)
    lines = [
        f'Dir::State "{state}";', f'Dir::State::status "{state}/status";', f'Dir::Cache "{state}/cache";',
        f'Dir::Etc "{state}/etc";', 'Acquire::Languages "none";', 'APT::Sandbox::User "";',
        f'APT::Architectures {{ "{architecture}"; }};',
    ]  # fmt: skip
    way = _run(["apt-config", "dump", "Acquire"], None).splitlines()
    lines += [line for line in way if line.startswith(("Acquire::http", "Acquire::https", "Acquire::Retries"))]
    configuration = state / "apt.conf"
    configuration.write_text("\n".join(lines) + "\n")
    return configuration


def mirror() -> str:
    """Where this system has Debian's packages from.

    Raises:
        ArmError: It has them from nowhere, or has never fetched their list.
    """
    told = _run(["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"], None)
    uris = [line.split()[1] for line in told.splitlines() if line.startswith("Debian ")]
    if not uris:
        raise ArmError("apt knows no mirror of Debian: say sudo apt-get update on Debian, and try again")
    return uris[0]


def _run(command: list[str], configuration: Path | None) -> str:
    environment = os.environ | ({"APT_CONFIG": str(configuration)} if configuration else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ArmError(f"{command[0]} failed: {last_line(done.stderr) or last_line(done.stdout)}")
    return done.stdout


def last_line(text: str) -> str:
    """The last line with something on it, or nothing."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
