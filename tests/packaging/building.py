"""The wheel, of the same bytes wherever and whenever it is built: python -m tests.packaging.building FOLDER.

What git tracks is built, as it lies in the work tree, and nothing that happens to lie beside it. Modes are git's, times
are the last commit's, and the build backend is the one that is installed (constraints.txt pins it).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("device", "export", "firmware_bridge", "train")
BESIDE = ("LICENSE", "README.md", "pyproject.toml")
"""What a wheel is made of beside its packages."""


class BuildError(RuntimeError):
    """The wheel cannot be built; the text is one line that says what to do."""


def tracked_files(root: Path) -> list[str]:
    """What git tracks of the packages and beside them, as POSIX paths in the checkout.

    Raises:
        BuildError: It is no git checkout.
    """
    return _git(root, "ls-files", "-z", "--", *PACKAGES, *BESIDE).rstrip("\0").split("\0")


def commit_time(root: Path) -> int:
    """When the last commit was made, in seconds since 1970."""
    return int(_git(root, "log", "-1", "--format=%ct"))


def is_changed(root: Path) -> bool:
    """Whether what would be built differs from the last commit."""
    return bool(_git(root, "status", "--porcelain", "--untracked-files=no", "--", *PACKAGES, *BESIDE))


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of a checkout into a folder, and return its path.

    Raises:
        BuildError: It is no git checkout, or the backend failed.
    """
    with tempfile.TemporaryDirectory(prefix="pulsekey-wheel-") as temporary:
        source, built = Path(temporary, "source"), Path(temporary, "built")
        for name in tracked_files(root):
            _copy(root / name, source / name)
        how = ["--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
        command = [sys.executable, "-m", "pip", "wheel", *how, "--wheel-dir", str(built), str(source)]
        environment = os.environ | {"SOURCE_DATE_EPOCH": str(commit_time(root))}
        done = subprocess.run(command, env=environment, umask=0o022, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"the build failed: {_fault(done.stdout + done.stderr)}; `make wheel` has what it needs")
        (wheel,) = built.glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, folder))


def _copy(from_: Path, to: Path) -> None:
    """One file with git's mode for it; a file that is tracked and gone is left out."""
    if not from_.exists():
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(from_, to)
    to.chmod(0o755 if from_.stat().st_mode & 0o100 else 0o644)


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "--no-optional-locks", "-C", str(root), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"not built: {_fault(done.stderr)}; the wheel is built from a git checkout")
    return done.stdout


def _fault(text: str) -> str:
    """The last line that names an error; the last one of all where none does."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["nothing was said"]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1])


def main() -> int:
    """Build into the folder that is named."""
    try:
        if is_changed(ROOT):
            print("note: built from uncommitted changes; only a commit gives the same bytes elsewhere", file=sys.stderr)
        print(build_wheel(ROOT, Path(sys.argv[1])))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
