"""The Pythons of this machine that the wheel is for."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.pins import PYTHONS


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that runs, and its version as it tells it: `3.12.1`."""

    path: Path
    version: str


def interpreter(path: Path) -> Interpreter | None:
    """What a path is; None for one that does not run, as pyenv's shim of a Python that is not chosen."""
    code = "import platform; print(platform.python_version())"
    try:
        done = subprocess.run([str(path), "-I", "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return Interpreter(path, done.stdout.strip()) if done.returncode == 0 else None


def here() -> dict[str, Interpreter | None]:
    """For each Python that is supported the first that runs: on PATH, then pyenv's; None where there is none."""
    return {minor: next((one for path in _places(minor) if (one := interpreter(path))), None) for minor in PYTHONS}


def _places(minor: str) -> Iterator[Path]:
    if on_path := shutil.which(f"python{minor}"):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{minor}.*/bin/python"))
