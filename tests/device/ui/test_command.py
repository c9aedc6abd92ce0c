"""`pulsekey ui`, where it does not come to a page."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nicegui", reason="nicegui is not installed: pip install 'pulsekey[ui]'")

from device.cli import main
from device.commands.ui import _greet

ROOT = Path(__file__).resolve().parents[3]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["ui", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("pulsekey: error: ")
    assert told.err.count("\n") == 1
    return told.err


def test_a_port_in_use_is_one_line(capsys: pytest.CaptureFixture[str], bundle_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = refused(capsys, "--http-port", port, "--bundle", str(bundle_folder), "--port", "sim://ada")
    assert f"127.0.0.1:{port}" in told
    assert "--http-port" in told


def test_a_host_that_is_not_here_is_one_line(capsys: pytest.CaptureFixture[str], bundle_folder: Path) -> None:
    assert "192.0.2.1" in refused(
        capsys, "--host", "192.0.2.1", "--http-port", "0", "--bundle", str(bundle_folder), "--port", "sim://ada"
    )


@pytest.mark.parametrize("port", ["65536", "-1", "x", "1.5", ""])
def test_a_port_is_a_port(capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert "--http-port" in refused(capsys, f"--http-port={port}")


def test_the_demonstration_brings_its_own_sensor(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--demo" in refused(capsys, "--demo", "--port", "sim://ada")
    assert "--afresh" in refused(capsys, "--demo", "--afresh")


@pytest.mark.parametrize("module", ["fastapi", "nicegui", "uvicorn"])
def test_without_the_extra_it_says_how_to_get_it(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from device.cli import main; sys.exit(main(['ui', '--demo']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"pulsekey: error: ui needs the Python module {module}, which is not installed: pip install 'pulsekey[ui]'\n"
    )


def test_help_needs_no_extra() -> None:
    code = "import sys; sys.modules['nicegui'] = None; from device.cli import main; main(['ui', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--http-port" in done.stdout


def test_a_page_for_others_comes_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    _greet("127.0.0.1", "http://127.0.0.1:1/?token=x")
    here = capsys.readouterr()
    assert here.err == ""
    assert "http://127.0.0.1:1/?token=x" in here.out
    _greet("0.0.0.0", "http://127.0.0.1:1/?token=x")
    others = capsys.readouterr()
    assert others.err.startswith("pulsekey: warning: 0.0.0.0 can be reached by others")
    assert others.out == here.out


def test_the_page_loads_no_matplotlib() -> None:
    code = "import sys, device.ui.server; print('matplotlib' in sys.modules, 'MATPLOTLIB' in __import__('os').environ)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
