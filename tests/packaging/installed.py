"""The tests of device and bridge against an installed wheel: the checkout is nowhere to be imported from.

python -m tests.packaging.installed PYTHON [pytest's words], where PYTHON is that of the environment with the wheel.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.packaging.building import PACKAGES, ROOT

LEFT_OUT = {
    "tests/device/ui/test_browser.py": "drives Chromium, once a change, in `make test`",
    "tests/firmware_bridge/firmware": "compiles the sketch with the checkout's uno.mk",
    "tests/device/presentation/test_challenge.py::test_a_wearer_passes_on_the_executed_firmware": "so does this",
    "tests/device/cli/test_process.py::test_run_script_without_dependencies_says_what_to_do": "they lie beside it",
}
"""What is not run against a wheel, and why."""


def without_checkout() -> dict[str, str]:
    """This process's environment, less the path on which Python, and pip, would find the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def installed_packages(python: Path) -> Path:
    """Where an environment keeps what is installed."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    command = [str(python), "-I", "-c", code]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def lay_out(folder: Path, packages: Path) -> None:
    """A folder like a checkout, whose packages are those that the wheel installed."""
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in PACKAGES:
        (folder / name).symlink_to(packages / name, target_is_directory=True)


def run_tests(python: Path, words: list[str]) -> int:
    """Run pytest in such a folder; its exit status."""
    with tempfile.TemporaryDirectory(prefix="pulsekey-installed-") as temporary:
        folder = Path(temporary).resolve()
        lay_out(folder, installed_packages(python))
        chosen = words or ["tests/device", "tests/firmware_bridge"]
        ignored = [f"--{'deselect' if '::' in name else 'ignore'}={name}" for name in LEFT_OUT]
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *ignored, *chosen]
        return subprocess.run(command, cwd=folder, env=without_checkout(), check=False).returncode


if __name__ == "__main__":
    sys.exit(run_tests(Path(sys.argv[1]), sys.argv[2:]))
