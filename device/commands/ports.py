"""`pulsekey ports`: the USB serial boards that are plugged in, which of them answer, and one of them closely."""

import argparse

from device.commands.options import add_json, add_port, open_reader, resolve_port
from device.errors import CommandError, CommandReason
from device.link_events import describe
from device.link_watch import LinkWatch
from device.output import Output, write_json
from device.stopping import Stopper
from firmware_bridge.discovery import answer, command, list_boards
from firmware_bridge.errors import PortError
from firmware_bridge.protocol import AckResult, CommandCode, SelfTest

HELP = "List the USB serial ports that are plugged in, and which of them are sensor boards; or look at one board."

_BLINK_S = 5
_FINDINGS = {
    SelfTest.PART: "the part is no MAX30102",
    SelfTest.CONFIGURATION: "it is not configured as asked",
    SelfTest.SAMPLES: "it gives no samples",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--no-ask", action="store_true", help="list only; opening a port restarts some boards")
    what.add_argument("--watch", action="store_true", help="show one board's link, a line a second, until Ctrl-C")
    what.add_argument("--identify", action="store_true", help=f"blink one board's light for {_BLINK_S} s")
    what.add_argument("--self-test", action="store_true", help="let one board test its sensor")
    add_port(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """List, or do what was asked with the board at --port.

    Raises:
        PortError: of the one board. CommandError: WRONG_OUTCOME, where it could not do what was asked.
    """
    if args.board_key and not args.watch:
        raise CommandError(CommandReason.BAD_ARGUMENT, "--board-key goes with --watch: only samples are sealed")
    if args.watch:
        _watch(args)
    elif args.identify:
        _identify(args)
    elif args.self_test:
        _self_test(args)
    elif args.port != "auto":
        raise CommandError(CommandReason.BAD_ARGUMENT, "--port goes with --watch, --identify or --self-test")
    else:
        _list(args)
    return 0


def _list(args: argparse.Namespace) -> None:
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


def _ask(path: str, baud: int) -> tuple[str, bool]:
    try:
        return describe(answer(path, baud=baud)), True
    except PortError as error:
        return str(error), False


def _watch(args: argparse.Namespace) -> None:
    output = Output(as_json=args.json)
    reader = open_reader(args, resolve_port(args))
    with Stopper(reader.close), reader:
        for event in LinkWatch(reader.statistics).events(reader):
            output.event(event)


def _identify(args: argparse.Namespace) -> None:
    port = resolve_port(args)
    answered = command(port, CommandCode.IDENTIFY, _BLINK_S, baud=args.baud)
    if answered.result is not AckResult.DONE:
        raise CommandError(CommandReason.WRONG_OUTCOME, f"the board at {port} cannot blink its light")
    if args.json:
        write_json({"path": port, "blinks_s": answered.value})
    else:
        print(f"the light of the board at {port} blinks for {answered.value} s")


def _self_test(args: argparse.Namespace) -> None:
    port = resolve_port(args)
    answered = command(port, CommandCode.SELF_TEST, baud=args.baud)
    wrong = [text for bit, text in _FINDINGS.items() if answered.value & bit]
    passed = answered.result is AckResult.DONE
    if args.json:
        write_json({"path": port, "passed": passed, "wrong": wrong})
    if not passed:
        findings = "; ".join(wrong) or "it does not say why"
        raise CommandError(
            CommandReason.WRONG_OUTCOME,
            f"the sensor of the board at {port} failed its self-test: {findings}; check its wiring and supply",
        )
    if not args.json:
        print(f"the sensor of the board at {port} passed its self-test")
