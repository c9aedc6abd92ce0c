"""The sketch compiles for the boards it is meant for, and is small enough for them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.c_header import HEADER_FILE

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
UNO = ROOT / "firmware_bridge" / "firmware" / "uno.mk"


def make(*words: object) -> "subprocess.CompletedProcess[str]":
    command = ["make", "-f", UNO, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)


@pytest.fixture(scope="module")
def uno(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    if shutil.which("avr-g++") is None:
        pytest.skip("no avr-g++: apt install gcc-avr avr-libc arduino-core-avr")
    folder = tmp_path_factory.mktemp("uno")
    done = make("firmware", f"BUILD={folder}")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_sketch_fits_an_uno_with_room_to_spare(uno: tuple[Path, str]) -> None:
    folder, said = uno
    assert (folder / "ppg_bridge.elf").is_file()
    assert (folder / "ppg_bridge.hex").read_text().startswith(":")
    found = re.search(r"ppg_bridge\.hex: (\d+) of 32256 bytes of flash, (\d+) of 2048 bytes of RAM", said)
    assert found is not None, said
    assert 4_000 < int(found[1]) <= 16 * 1024
    assert 200 < int(found[2]) <= 1024


def test_the_sketch_uses_no_heap(uno: tuple[Path, str]) -> None:
    folder, _ = uno
    symbols = subprocess.run(
        ["avr-nm", folder / "ppg_bridge.elf"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert re.search(r" [Tt] setup$| [Tt] main$", symbols, re.MULTILINE)
    assert not re.search(r" [TtWw] (malloc|realloc|calloc|_Znwj|_Znaj)$", symbols, re.MULTILINE)


def test_a_missing_core_is_one_line(tmp_path: Path) -> None:
    done = make("firmware", f"BUILD={tmp_path}", "ARDUINO=/nowhere")
    assert done.returncode == 2
    assert "no compiler for the board: sudo apt install gcc-avr avr-libc arduino-core-avr" in done.stderr


def test_flashing_asks_for_the_port(uno: tuple[Path, str]) -> None:
    done = make("flash", f"BUILD={uno[0]}")
    assert done.returncode == 2
    assert "make flash PORT=/dev/ttyACM0" in done.stderr


@pytest.mark.parametrize("cpu", ["cortex-m0plus", "cortex-m4"])
def test_the_core_fits_a_cortex_m(cpu: str, tmp_path: Path) -> None:
    if shutil.which("arm-none-eabi-g++") is None:
        pytest.skip("no arm-none-eabi-g++: apt install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
    done = subprocess.run(
        ["arm-none-eabi-g++", f"-mcpu={cpu}", "-mthumb", "-Os", "-std=c++11", "-fno-exceptions", "-fno-rtti",
         "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-I", HEADER_FILE.parent,
         "-c", HERE / "host" / "size.cpp", "-o", tmp_path / "size.o"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sizes = subprocess.run(
        ["arm-none-eabi-size", tmp_path / "size.o"], capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()[1]
    text, data, bss = (int(word) for word in sizes.split()[:3])
    assert text + data < 8 * 1024
    assert data + bss < 512
