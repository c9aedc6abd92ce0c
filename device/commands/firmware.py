"""`pulsekey firmware`: the sensor board's sketch, put where the Arduino IDE opens it."""

import argparse
import shutil
from pathlib import Path

import firmware_bridge
from device.errors import CommandError, CommandReason

HELP = "Tell how a sensor board is flashed, and write the sketch for it."

SKETCH = Path(firmware_bridge.__file__).parent / "firmware" / "ppg_bridge"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write the sketch as DIR/ppg_bridge, for the Arduino IDE"
    )


def run(args: argparse.Namespace) -> int:
    """Write the sketch, or say what there is.

    Raises:
        CommandError: UNWRITABLE; nothing was written then.
    """
    if args.write is None:
        print(_advice())
    else:
        print(f"written: {write_sketch(args.write) / 'ppg_bridge.ino'}; open it in the Arduino IDE and upload it")
    return 0


def write_sketch(folder: Path) -> Path:
    """Copy the sketch to ``folder``/ppg_bridge, which may not exist yet; returns where it is.

    Raises:
        CommandError: UNWRITABLE; nothing was written then.
    """
    target = folder / SKETCH.name
    if target.exists():
        raise _unwritable(target, "it is there already; remove it, or name another folder")
    # Beside it first, then renamed: a sketch that is there is whole.
    part = folder / f".{SKETCH.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(SKETCH, part, copy_function=shutil.copyfile)
        part.rename(target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise _unwritable(target, error.strerror or "not every file could be copied") from None
    return target


def _unwritable(target: Path, why: str) -> CommandError:
    return CommandError(CommandReason.UNWRITABLE, f"cannot write {target}: {why}")


def _advice() -> str:
    from firmware_bridge.board import FIRMWARE_VERSION
    from firmware_bridge.protocol import BAUD, VERSION

    return f"""\
The firmware for a MAX30102 on an Arduino: version {".".join(map(str, FIRMWARE_VERSION))}, wire version {VERSION}, \
125 samples/s at {BAUD} baud.
It is at {SKETCH}

With the Arduino IDE: pulsekey firmware --write ~/Arduino
  then open ~/Arduino/ppg_bridge/ppg_bridge.ino, choose board and port, and upload it.
For an Uno, from a checkout of pulsekey: make flash PORT=/dev/ttyACM0
  after: sudo apt install gcc-avr avr-libc arduino-core-avr avrdude
Then look whether the board answers: pulsekey ports"""
