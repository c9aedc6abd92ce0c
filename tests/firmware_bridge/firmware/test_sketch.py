"""`pulsekey firmware`: the sketch is written whole, or not at all, and ships in the wheel."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SKETCH = ROOT / "firmware_bridge" / "firmware" / "ppg_bridge"


def pulsekey(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "device.cli", "firmware", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_sketch_is_written_where_the_ide_finds_it(tmp_path: Path) -> None:
    done = pulsekey("--write", tmp_path / "Arduino")
    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "Arduino" / "ppg_bridge") == files(SKETCH)
    assert {"ppg_bridge.ino", "arduino_board.hpp", "src/app.hpp", "src/protocol.h"} <= set(files(SKETCH))
    assert [path.name for path in (tmp_path / "Arduino").iterdir()] == ["ppg_bridge"]
    assert str(tmp_path / "Arduino" / "ppg_bridge" / "ppg_bridge.ino") in done.stdout


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ppg_bridge").mkdir()
    (tmp_path / "ppg_bridge" / "mine.txt").write_text("mine")
    done = pulsekey("--write", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"pulsekey: error: cannot write {tmp_path}/ppg_bridge: it is there already; remove it, or name another folder\n"
    )
    assert files(tmp_path) == {"ppg_bridge/mine.txt": b"mine"}


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = pulsekey("--write", tmp_path / "file")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "cannot write" in done.stderr


def test_without_a_folder_it_says_how_to_flash() -> None:
    done = pulsekey()
    assert done.returncode == 0
    for words in (
        "version 1.0.0, wire version 1",
        "115200 baud",
        "--write ~/Arduino",
        "make flash PORT=",
        "arduino-core-avr",
    ):
        assert words in done.stdout


def test_every_file_of_the_sketch_ships() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"]["firmware_bridge"]
    shipped = {path for pattern in patterns for path in (ROOT / "firmware_bridge").glob(pattern)}
    assert {file for file in SKETCH.rglob("*") if file.is_file()} <= shipped


@pytest.mark.parametrize("file", sorted(SKETCH.rglob("*.[hi]*")), ids=lambda file: file.name)
def test_the_core_knows_no_arduino_and_no_heap(file: Path) -> None:
    text = file.read_text(encoding="ascii")
    code = re.sub(r"//.*", "", text)
    assert not any(word in code for word in ("malloc", "new ", "std::", "String"))
    if file.parent.name == "src":
        assert not any(word in text for word in ("Arduino.h", "Wire.h", "Serial."))
    assert len(text.splitlines()) < 300
    assert max(map(len, text.splitlines())) <= 120
