"""`pulsekey lsl`: the board's samples for LabRecorder and every other program of the Lab Streaming Layer."""

import argparse
import socket
import sys

from device.commands.options import add_port, open_reader, resolve_port
from device.errors import CommandError, CommandReason
from device.link_events import describe
from device.stopping import Stopper
from firmware_bridge import (
    BoardInfo,
    LinkLost,
    LinkRestored,
    LinkWarning,
    Message,
    SketchInfo,
)
from firmware_bridge.lsl import LslStream

HELP = (
    "Offer a board's samples as a stream of the Lab Streaming Layer, until Ctrl-C. "
    "Anybody on the local network can then record the signal."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_port(parser)
    parser.add_argument("--name", default="pulsekey", type=_name, help="of the stream (default pulsekey)")


def run(args: argparse.Namespace) -> int:
    """Stream until stopped.

    Raises:
        CommandError: NOT_INSTALLED without pylsl and liblsl.
        PortError: the board cannot be read.
    """
    port = resolve_port(args)
    stream = _stream(args.name, f"pulsekey {socket.gethostname()} {port}")
    reader = open_reader(args, port)
    try:
        with Stopper(reader.close), reader:
            _say(f"streaming {port} as {args.name!r}")
            for message in reader:
                stream.feed(message)
                if sentence := _sentence(message):
                    _say(sentence)
    finally:
        stream.close()
    left_out = f", {stream.left_out} left out of epochs shorter than 2 s" if stream.left_out else ""
    print(f"{stream.sent} samples streamed, {reader.statistics().lost} lost{left_out}")
    return 0


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a stream needs a name")
    return text


def _stream(name: str, source_id: str) -> LslStream:
    try:
        return LslStream(name, source_id)
    except (ImportError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise CommandError(
            CommandReason.NOT_INSTALLED, f"lsl needs pylsl with its liblsl ({why}): pip install 'pulsekey[lsl]'"
        ) from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _sentence(message: Message) -> str:
    if isinstance(message, BoardInfo | SketchInfo):
        return describe(message)
    if isinstance(message, LinkLost):
        return f"board lost ({message.reason}): waiting for it to come back"
    if isinstance(message, LinkRestored):
        return f"board is back after {message.outage_s:.0f} s"
    return message.text if isinstance(message, LinkWarning) else ""
