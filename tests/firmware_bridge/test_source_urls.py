"""sim:// and replay://, through pyserial's own door."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import serial

from firmware_bridge import ports
from firmware_bridge.errors import PortError, PortReason, RecordingError
from firmware_bridge.messages import RecordingEnded, SampleBlock
from firmware_bridge.pty_board import main
from firmware_bridge.reader import BoardReader
from firmware_bridge.recordings import read_csv
from firmware_bridge.source_urls import source_of
from firmware_bridge.sources import RecordingSource
from firmware_bridge.wearers import WearerSource, load_wearer


def ir_of(url: str) -> list[int]:
    with BoardReader(url) as reader:
        messages = list(reader)
    assert isinstance(messages[-1], RecordingEnded)
    return [count for m in messages if isinstance(m, SampleBlock) for count in m.ir_counts.tolist()]


def test_a_wearer_by_url(people: Path) -> None:
    assert ir_of("sim://mae?speed=0&seconds=3&seed=7") == WearerSource(load_wearer("mae"), 7).read(375)[:, 0].tolist()
    assert source_of("sim://mae").speed == 1.0


def test_a_file_by_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "My Files"
    folder.mkdir()
    path = folder / "a b.csv"
    path.write_text("\n".join(str(value) for value in np.sin(np.arange(300) / 9)))
    wanted = RecordingSource(read_csv(path, 50.0).cut(1.0, 4.0)).read(999)[:, 0].tolist()
    assert len(wanted) == 200
    for form in (str(path), str(path).replace(" ", "%20")):
        assert ir_of(f"replay://{form}?speed=0&rate=50&start=1&seconds=4") == wanted
    monkeypatch.chdir(tmp_path)
    assert ir_of("replay://My Files/a b.csv?speed=0&rate=50&start=1&seconds=4") == wanted


def test_a_real_record_by_url(data: Path) -> None:
    assert len(ir_of(f"replay://{data}/challenge2015/challenge2015.npz?speed=0&record=a103l&seconds=10")) == 1250
    assert len(ir_of(f"replay://{data}/bidmc/bidmc02?speed=0&seconds=10")) == 1250


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("replay://", "names nobody"),
        ("sim://eve", "no simulated wearer 'eve'; there are ada, alan, grace, linus, mae, tim"),
        ("sim://ada?sped=2", "no option sped; there are speed, seconds, seed"),
        ("sim://ada?speed=fast", "speed should be 0 .*, not 'fast'"),
        ("sim://ada?speed=nan", "speed should be"),
        ("sim://ada?speed=-1", "speed should be"),
        ("sim://ada?speed=0.001", "speed should be"),
        ("sim://ada?seed=1.5", "seed should be a whole number"),
        ("sim://ada?seconds=0", "seconds should be a number above 0"),
        ("sim://ada?seconds", "options are written"),
        ("replay://x.csv?record=1&start=-1", "start should be"),
        ("replay://x.csv?seed=1", "no option seed; there are speed, seconds, rate, start, record"),
    ],
)
def test_a_bad_url_is_one_clear_line(people: Path, url: str, match: str) -> None:
    with pytest.raises(PortError, match=match) as caught:
        BoardReader(url).open()
    assert caught.value.reason is PortReason.BAD_URL
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none() -> None:
    with pytest.raises(RecordingError, match=r"no such file: none\.npz"):
        BoardReader("replay://none.npz").open()


def test_the_port_keeps_pyserials_contract(people: Path) -> None:
    ports.register()
    ports.register()
    assert serial.protocol_handler_packages.count("firmware_bridge.ports") == 1
    with serial.serial_for_url("sim://ada?speed=0", timeout=0) as port:
        assert len(port.read(10)) == 10
        assert port.in_waiting > 1000
        assert len(port.read(5000)) == 5000
    with pytest.raises(serial.SerialException):
        port.read(1)
    with serial.serial_for_url("sim://ada", timeout=0) as port:
        first = port.read(4096)
        assert 0 < len(first) < 100
    with serial.serial_for_url("sim://ada?speed=0&seconds=1", timeout=0.01) as port:
        assert len(port.read(10_000)) < 2_000
        assert port.read(1) == b""


def test_the_demo_board_prints_its_path_and_stops_cleanly(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("\n".join(str(value) for value in np.sin(np.arange(300) / 9)))
    command = [
        sys.executable,
        "-m",
        "firmware_bridge.pty_board",
        f"replay://{path}?rate=125",
        "--speed",
        "50",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        assert len(ir_of(process.stdout.readline().strip())) == 300
        process.terminate()
        assert process.wait(10) == 0


def test_the_demo_board_refuses_in_one_line(capsys: pytest.CaptureFixture[str], people: Path) -> None:
    assert main(["sim://eve"]) == 2
    assert capsys.readouterr().err.startswith("pulsekey: error: no simulated wearer 'eve'")
    assert main(["/dev/null"]) == 2
    assert "is no source" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["sim://ada", "--speed", "-3"])
