"""`pulsekey ports`: the USB serial boards that are plugged in, and which of them answer."""

import argparse

from device.commands.options import add_json, count
from device.output import write_json
from device.pipeline import describe
from firmware_bridge.discovery import answer, list_boards
from firmware_bridge.errors import PortError
from firmware_bridge.protocol import BAUD

HELP = "List the USB serial ports that are plugged in, and which of them are sensor boards."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--baud", type=count, default=BAUD, help=f"serial speed (default {BAUD})")
    parser.add_argument("--no-ask", action="store_true", help="list only; opening a port restarts some boards")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line a port; none is an answer, not an error."""
    boards = list_boards()
    for board in boards:
        says, is_board = "", None
        if not args.no_ask:
            says, is_board = _ask(board.path, args.baud)
        if args.json:
            write_json(
                {
                    "path": board.path,
                    "device": board.device,
                    "hint": board.hint,
                    "board": is_board,
                    "says": says,
                }
            )
        else:
            print(f"{board.path}  {board.hint}{'  ' * bool(says)}{says}", flush=True)
    if not boards and not args.json:
        print("no USB serial port is plugged in")
    return 0


def _ask(path: str, baud: int) -> tuple[str, bool]:
    try:
        return describe(answer(path, baud=baud)), True
    except PortError as error:
        return str(error), False
