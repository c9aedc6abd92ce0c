"""A wheel in clean environments, with each Python here: python -m tests.packaging.check_wheel WHEEL [TESTS ...].

Each is installed as docs/supply-chain.md says, by hash, and then runs the tests of device and bridge; the oldest Python
does so once more with the oldest packages that pyproject.toml allows. Asks the package index, and takes an hour or so.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.packaging import pythons
from tests.packaging.building import ROOT
from tests.packaging.installed import run_tests, without_checkout
from tests.packaging.pins import C_LIBRARY, MACHINES, PYTHONS, REQUIREMENTS, read_pins

EXTRAS = "ble,gpio,lsl,mqtt,onnx,terminal,ui"
TOOLS = ("cffi", "hypothesis", "onnx", "pytest", "pytest-timeout", "scipy")
"""What the tests need beside the wheel and its extras."""
UV = (sys.executable, "-m", "uv")


class CheckError(RuntimeError):
    """A step failed; the text is its command."""


def step(*words: str | Path) -> None:
    """Run a command.

    Raises:
        CheckError: It ended with another status than 0.
    """
    command = [str(word) for word in words]
    if subprocess.run(command, env=without_checkout(), check=False, cwd=tempfile.gettempdir()).returncode:
        raise CheckError(" ".join(command))


def by_hash(python: Path, wheel: Path, folder: Path) -> None:
    """As a device installs it: every package by hash, the wheel without looking for more; then the demonstration."""
    step(python, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
    step(*pip, "install", "--require-hashes", "-r", REQUIREMENTS)
    step(*pip, "install", "--no-deps", wheel)
    step(*pip, "check")
    step(folder / "bin" / "pulsekey", "demo")


def with_tools(folder: Path, wheel: Path, versions: Path) -> None:
    """Add the extras and what the tests need, in versions that a constraints file states."""
    python = folder / "bin" / "python"
    step(*UV, "pip", "install", "--quiet", "--python", python, "-c", versions, f"{wheel}[{EXTRAS}]", *TOOLS)


def known_versions(folder: Path) -> Path:
    """constraints.txt, but for what the device has in another version."""
    pins = {pin.name: pin.version for pin in read_pins(REQUIREMENTS.read_text(encoding="utf-8"))}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    split = [line.partition("==") for line in lines if not line.startswith("#")]
    written = folder / "known.txt"
    written.write_text("".join(f"{name}=={pins.get(name, version)}\n" for name, _, version in split))
    return written


def oldest_versions(folder: Path, python: Path) -> Path:
    """The lower bounds of pyproject.toml, and what fits them."""
    extras = [word for extra in EXTRAS.split(",") for word in ("--extra", extra)]
    written = folder / "oldest.txt"
    how = ("--quiet", "--resolution", "lowest-direct", "--no-header", "--python", python, "-o", written)
    step(*UV, "pip", "compile", ROOT / "pyproject.toml", *extras, *how)
    return written


def check_targets(folder: Path) -> None:
    """Every platform and Python finds each of its wheels, by hash."""
    for machine in MACHINES:
        for minor in PYTHONS:
            target = ("--target", folder / f"{machine}-{minor}", "--python-version", minor)
            where = (*target, "--python-platform", f"{machine}-{C_LIBRARY}")
            step(*UV, "pip", "install", "--quiet", "--require-hashes", "--no-deps", *where, "-r", REQUIREMENTS)


def checks(wheel: Path, tests: list[str], folder: Path) -> Iterator[tuple[str, bool]]:
    """Each check's name and outcome, as they end."""
    check_targets(folder / "targets")
    yield f"wheels for {' and '.join(MACHINES)}, Python {', '.join(PYTHONS)}, by hash", True
    found = [one for one in pythons.here().values() if one is not None]
    for one in found:
        environment = folder / one.version
        by_hash(one.path, wheel, environment)
        yield f"Python {one.version}: installed by hash, demonstration", True
        with_tools(environment, wheel, known_versions(folder))
        yield f"Python {one.version}: tests", run_tests(environment / "bin" / "python", tests) == 0
    if found:
        environment = folder / "oldest"
        step(found[0].path, "-m", "venv", environment)
        with_tools(environment, wheel, oldest_versions(folder, found[0].path))
        name = f"Python {found[0].version}, oldest packages: tests"
        yield name, run_tests(environment / "bin" / "python", tests) == 0


def main() -> int:
    """Check, and tell each outcome; 1 if any is bad, 2 where a check could not be made."""
    wheel, tests = Path(sys.argv[1]).resolve(), sys.argv[2:]
    absent = [minor for minor, one in pythons.here().items() if one is None]
    begun, outcomes = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="pulsekey-check-") as temporary:
        try:
            for name, good in checks(wheel, tests, Path(temporary)):
                outcomes.append((name, good))
                print(f"{'passed' if good else 'FAILED'}: {name} ({time.monotonic() - begun:.0f} s)", flush=True)
        except CheckError as error:
            print(f"error: this failed: {error}", file=sys.stderr)
            return 2
    for minor in absent:
        print(f"not here, so not checked: Python {minor}")
    if len(absent) == len(PYTHONS):
        print(f"error: no Python to check with: install one of {', '.join(PYTHONS)}", file=sys.stderr)
        return 2
    return 0 if all(good for _, good in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
