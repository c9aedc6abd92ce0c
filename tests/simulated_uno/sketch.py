"""The board's sketch, compiled for an Uno."""

import subprocess
from pathlib import Path

from device.commands.firmware import write_sketch
from tests.simulated_uno.shim import SimulatorMissingError

ROOT = Path(__file__).parents[2]
UNO = ROOT / "firmware_bridge" / "firmware" / "uno.mk"
SKETCH_FOLDER = ROOT / "build" / "firmware"
"""Where `make firmware` leaves it."""


def build_sketch() -> Path:
    """The path of the ELF file, built if there is none or it is older than its sources.

    Raises:
        SimulatorMissingError: the compiler is not installed.
    """
    return _make()


def build_keyed_sketch(key: bytes, folder: Path) -> Path:
    """The same of a sketch with a board's key, which is written to ``folder`` and built there.

    Raises:
        SimulatorMissingError: the compiler is not installed.
    """
    name = folder / "ppg_bridge_keyed"
    return _make(f"SKETCH={write_sketch(folder, key)}", f"NAME={name}")


def _make(*variables: str) -> Path:
    command = ["make", "-s", "-f", str(UNO), "firmware", f"BUILD={SKETCH_FOLDER}", *variables]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SimulatorMissingError("no make to build the sketch with: sudo apt install make") from error
    if done.returncode:
        missing = next((line for line in done.stderr.splitlines() if "sudo apt install" in line), None)
        if missing is None:
            raise RuntimeError(f"the sketch does not compile: {done.stderr}")
        raise SimulatorMissingError(missing)
    return Path(done.stdout.partition(".hex: ")[0] + ".elf")
