"""`pulsekey firmware`: the sensor board's sketch, put where the Arduino IDE opens it."""

import argparse
import shutil
from pathlib import Path

import firmware_bridge
from device.errors import CommandError, CommandReason
from device.user_data import user_data_folder, write_own_file
from firmware_bridge.board_key import FILE_NAME, key_text, new_key, read_key

HELP = "Tell how a sensor board is flashed, and write the sketch for it."

SKETCH = Path(firmware_bridge.__file__).parent / "firmware" / "ppg_bridge"
KEY_HEADER = "key.h"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write the sketch as DIR/ppg_bridge, for the Arduino IDE"
    )
    parser.add_argument(
        "--key", action="store_true", help="with --write: give the sketch this host's key, made where there is none"
    )
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="FILE",
        help="where that key lies (default: $XDG_DATA_HOME/pulsekey/board.key)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the sketch, or say what there is.

    Raises:
        CommandError: UNWRITABLE or BAD_ARGUMENT; no sketch was written then. BoardKeyError: of the key's file.
    """
    if (args.key and args.write is None) or (args.key_file and not args.key):
        raise CommandError(CommandReason.BAD_ARGUMENT, "--key goes with --write DIR, and --key-file with --key")
    if args.write is None:
        print(_advice())
        return 0
    key_file = _key_file(args.key_file) if args.key else None
    key = _key_in(key_file) if key_file else None
    sketch = write_sketch(args.write, key) / "ppg_bridge.ino"
    print(f"written: {sketch}; open it in the Arduino IDE and upload it")
    if key_file:
        print(f"it has the key of {key_file}: keep both to yourself, and read the board with --board-key {key_file}")
    return 0


def write_sketch(folder: Path, key: bytes | None = None) -> Path:
    """Copy the sketch, with a board's key if one is given, to ``folder``/ppg_bridge; returns where it is.

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
        if key is not None:
            write_own_file(part / KEY_HEADER, _key_header(key).encode("ascii"), mode=0o600)
        part.rename(target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise _unwritable(target, error.strerror or "not every file could be copied") from None
    return target


def _key_file(given: Path | None) -> Path:
    if given is not None:
        return given
    folder = user_data_folder()
    if folder is None:
        raise CommandError(CommandReason.BAD_ARGUMENT, "this user has no home to keep a key in: name a --key-file")
    return folder / FILE_NAME


def _key_in(path: Path) -> bytes:
    """The key that lies there, now or already."""
    try:
        write_own_file(path, key_text(new_key()), mode=0o600, replace=False)
    except FileExistsError:
        pass
    except OSError as error:
        raise _unwritable(path, error.strerror or "the disk takes nothing") from None
    return read_key(path)


def _key_header(key: bytes) -> str:
    numbers = ", ".join(f"0x{byte:02X}" for byte in key)
    return f"""\
// The key that this board shares with its host, made by `pulsekey firmware --key`: whoever reads it can forge samples.
#ifndef PULSEKEY_KEY_H
#define PULSEKEY_KEY_H

#include <stdint.h>

const uint8_t BOARD_KEY[] = {{{numbers}}};

#endif
"""


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
For a board that seals its samples: add --key to the first; to the second, SKETCH=$HOME/Arduino/ppg_bridge
  then read it with --board-key: what another program writes into the line is refused.
Then look whether the board answers: pulsekey ports"""
