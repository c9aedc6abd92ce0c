"""The counter and a built root, where they are: the whole is `make check-arm`."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.arm.cores import CORES, first_output, marks_of, spans
from tests.arm.debian import RELEASES
from tests.arm.guest.imports import STEPS
from tests.arm.pi import EMULATOR, Pi

BUILD = Path(__file__).parents[2] / "build/arm"
LOOPS = 1000
_BASE = 0x400000
_EXIT, _WRITE, _CLOSE = 93, 64, 57


def set_register(register: int, value: int) -> list[int]:
    """MOVZ or MOVN of a small number."""
    return [(0xD2800000 if value >= 0 else 0x92800000) | (value if value >= 0 else ~value) << 5 | register]


def call(number: int) -> list[int]:
    return [*set_register(8, number), 0xD4000001]  # svc #0


def program() -> bytes:
    """An ELF file for ARM: mark 0, a loop of two instructions, mark 1, a write of nothing to stdout, exit."""
    minus_a_million = [0x92800000 | 0x423F << 5, 0xF2A00000 | 0xFFF0 << 5]  # movn x0, #0x423f; movk x0, #0xfff0, lsl 16
    words = [*minus_a_million, *call(_CLOSE), *set_register(1, LOOPS)]
    words += [0xF1000421, 0x54FFFFE1]  # subs x1, x1, #1; b.ne to it
    words += [*minus_a_million, 0xD1000400, *call(_CLOSE)]  # sub x0, x0, #1
    words += [*set_register(0, 1), *set_register(2, 0), *call(_WRITE), *set_register(0, 0), *call(_EXIT)]
    code = b"".join(struct.pack("<I", word) for word in words)
    size = 120 + len(code)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, _BASE + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000) + code


@pytest.fixture
def pi() -> Pi:
    built = Pi(BUILD, RELEASES[0])
    if shutil.which(EMULATOR) is None:
        pytest.skip(f"no {EMULATOR}: sudo apt install qemu-user-static")
    if not (built.site / "of-wheel").exists() or not (BUILD / "counter.so").exists():
        pytest.skip("no emulated Pi: make check-arm builds one")
    return built


def test_instructions_are_counted_one_by_one(pi: Pi, tmp_path: Path) -> None:
    file, log = tmp_path / "loop", tmp_path / "counted"
    file.write_bytes(program())
    file.chmod(0o755)
    subprocess.run([*pi.emulator(log), str(file)], check=True)
    marks = marks_of(log.read_text().splitlines())
    # From one close to the next: the loop, and what sets it and the call up.
    assert spans(marks) == [2 * LOOPS + 1 + 5]
    assert first_output(marks) == marks[1].executed + 4


def test_the_built_root_imports_the_runtime_on_an_a53(pi: Pi) -> None:
    words = "import platform, numpy, ai_edge_litert.interpreter; print(platform.machine(), numpy.ones(3).sum())"
    assert pi.python(CORES[0], "-c", words).split() == ["aarch64", "3.0"]


def test_every_step_of_the_imports_is_marked(pi: Pi) -> None:
    marks, _ = pi.counted(CORES[0], str(Path(__file__).with_name("guest") / "imports.py"))
    assert len(spans(marks)) == len(STEPS)
