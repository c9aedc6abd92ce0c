"""Options that several commands share."""

import argparse
import math
from pathlib import Path

from device.embedders import RUNTIMES
from firmware_bridge.board_key import read_key
from firmware_bridge.discovery import find_board
from firmware_bridge.protocol import BAUD
from firmware_bridge.reader import BoardReader


def positive(text: str) -> float:
    """A finite number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def count(text: str) -> int:
    """An integer above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer above 0")
    return int(text)


def share(text: str) -> float:
    """A rate above 0 and below 1."""
    value = positive(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate below 1, such as 0.01")
    return value


def add_fmr(parser: argparse.ArgumentParser) -> None:
    """How rarely a stranger may be taken for a person enrolled."""
    parser.add_argument(
        "--fmr",
        type=share,
        metavar="RATE",
        help="false match rate to keep (default 0.01)",
    )


def add_port(parser: argparse.ArgumentParser) -> None:
    """Where the board is."""
    parser.add_argument(
        "--port",
        default="auto",
        metavar="URL",
        help="tty, sim://NAME, replay://FILE, socket://HOST:PORT, ble://NAME, or auto: the only board (default)",
    )
    parser.add_argument("--baud", type=count, default=BAUD, help=f"serial speed of a tty (default {BAUD})")
    parser.add_argument(
        "--board-key",
        type=Path,
        metavar="FILE",
        help="take only samples that the board has sealed with this key (see `pulsekey firmware --key`)",
    )


def resolve_port(args: argparse.Namespace) -> str:
    """The URL to open; `auto` asks the boards that are plugged in.

    Raises:
        PortError: NOT_FOUND or AMBIGUOUS.
    """
    return find_board(baud=args.baud) if args.port == "auto" else str(args.port)


def open_reader(args: argparse.Namespace, port: str, *, reconnect: bool = True) -> BoardReader:
    """The reader of the board at `port`, by the options of `add_port`.

    Raises:
        BoardKeyError: of --board-key's file.
    """
    key = read_key(args.board_key) if args.board_key else None
    return BoardReader(port, baud=args.baud, key=key, reconnect=reconnect)


def add_gallery(parser: argparse.ArgumentParser) -> None:
    """Who is enrolled."""
    parser.add_argument("--gallery", type=Path, metavar="PATH", help="default: $XDG_DATA_HOME/pulsekey/gallery.sqlite")


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Which model, and what runs it."""
    parser.add_argument(
        "--bundle", type=Path, metavar="FOLDER", help="or the name of a model that ships (default: the default model)"
    )
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="inference runtime (default auto)")


def add_json(parser: argparse.ArgumentParser) -> None:
    """What stdout carries."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
