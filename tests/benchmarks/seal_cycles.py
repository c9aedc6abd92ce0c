"""How long an Uno takes to seal a frame: its code, executed cycle by cycle.

python tests/benchmarks/seal_cycles.py

Needs what the executed board needs (see tests/simulated_uno). A nonce hashes the key, and each frame's tag its body.
"""

import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from firmware_bridge.c_header import HEADER_FILE
from firmware_bridge.protocol import DATA_HEAD_LAYOUT, MAX_SAMPLES
from tests.simulated_uno.shim import CLOCK_HZ, Mcu, Wires

FRAMES_PER_S = 25
ROUNDS = 50
BODY_BYTES = DATA_HEAD_LAYOUT.size + 6 * MAX_SAMPLES
PROGRAM = f"""
#include <avr/io.h>
#include "sealer.hpp"
int main() {{
    static const uint8_t key[PULSEKEY_KEY_BYTES] = {{1, 2, 3}};
    static pulsekey::Sealer sealer(key);
    UCSR0B = _BV(TXEN0);
    for (uint32_t nonce = 1;; ++nonce) {{
        pulsekey::Body body;
        for (uint8_t i = 0; i < {BODY_BYTES}; ++i) body.u8(i);
        UDR0 = 0;
        sealer.begin(nonce);
        UDR0 = 1;
        sealer.seal(body);
        UDR0 = 2;
    }}
}}
"""


def main() -> int:
    """Measure and print one line each."""
    marks: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        mcu = Mcu(_compiled(Path(folder)), Wires(lambda byte: marks.append((byte, mcu.cycles)), _NoSensor()))
        while len(marks) < 3 * ROUNDS:
            mcu.run(mcu.cycles + CLOCK_HZ // 100)
    for mark, name in ((0, "a nonce"), (1, "a tag")):
        cycles = [end - begin for (byte, begin), (_, end) in pairwise(marks) if byte == mark]
        median = statistics.median(cycles)
        share = 100 * median * FRAMES_PER_S / CLOCK_HZ
        print(
            f"{name}: {median:.0f} cycles, {1e3 * median / CLOCK_HZ:.2f} ms; {FRAMES_PER_S} a second are {share:.1f} %"
        )
    return 0


def _compiled(folder: Path) -> Path:
    source, elf = folder / "seal.cpp", folder / "seal.elf"
    source.write_text(PROGRAM, encoding="ascii")
    # As firmware/uno.mk compiles the sketch.
    flags = ["-mmcu=atmega328p", f"-DF_CPU={CLOCK_HZ}L", "-Os", "-flto", "-std=gnu++11", "-fno-threadsafe-statics"]
    subprocess.run(["avr-g++", *flags, f"-I{HEADER_FILE.parent}", "-o", elf, source], check=True)
    return elf


class _NoSensor:
    """Nothing hangs on the bus, and nothing is asked of it."""

    def addressed(self, address: int, reading: bool) -> bool:
        return False

    def written(self, byte: int) -> None: ...

    def read(self) -> int:
        return 0

    def stopped(self) -> None: ...


if __name__ == "__main__":
    sys.exit(main())
