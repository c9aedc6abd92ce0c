"""What `make check-wheel` decides before it installs anything; the rest is that command itself."""

import platform
import sys
from pathlib import Path

import pytest

from tests.packaging import pythons
from tests.packaging.check_wheel import CheckError, known_versions, step
from tests.packaging.pins import REQUIREMENTS, WITHOUT_WHEELS, read_pins


def test_a_python_is_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = pythons.interpreter(Path(sys.executable))
    assert found is not None
    assert found.version == platform.python_version()
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert pythons.interpreter(shim) is None
    assert pythons.interpreter(tmp_path / "none") is None
    # pyenv's own is taken where the shim does not run
    real = tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python"
    real.parent.mkdir(parents=True)
    real.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    here = pythons.here()
    assert here["3.13"] is None
    assert here["3.12"] is not None
    assert here["3.12"].path == real


def test_versions_are_those_of_the_constraints_and_of_the_device(tmp_path: Path) -> None:
    lines = known_versions(tmp_path).read_text().splitlines()
    pins = {pin.name: pin.version for pin in read_pins(REQUIREMENTS.read_text(encoding="utf-8"))}
    assert {f"{name}=={pins[name]}" for name in (*WITHOUT_WHEELS, "numpy")} <= set(lines)
    assert len([line for line in lines if line.startswith("cobs==")]) == 1


def test_a_step_that_fails_ends_it() -> None:
    step(sys.executable, "-c", "pass")
    with pytest.raises(CheckError, match="raise SystemExit"):
        step(sys.executable, "-c", "raise SystemExit(3)")
