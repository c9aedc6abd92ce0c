"""Presentation attack detection, as commands that read a board switch it on."""

import argparse
import threading
from collections.abc import Callable

from device.errors import PresentationError, PresentationErrorReason
from device.presentation.detector import PresentationDetector, detector_of
from firmware_bridge import BoardReader


def add_challenge(parser: argparse.ArgumentParser) -> None:
    """Whether the light is challenged."""
    parser.add_argument(
        "--challenge",
        choices=("on", "off"),
        default="on",
        help="step the red light at random and see that the signal follows (default), or only look at the signal",
    )


def detector_at(args: argparse.Namespace, reader: BoardReader, port: str) -> PresentationDetector:
    """The detector for what is at `port`, by `--challenge`; a replay's RED is not judged, since it was never measured.

    Raises:
        PresentationError: NO_COMMANDS, of a replay that is to be challenged.
    """
    replayed, challenged = port.lower().startswith("replay://"), args.challenge == "on"
    if replayed and challenged:
        raise PresentationError(
            PresentationErrorReason.NO_COMMANDS,
            f"{port} plays a recording and cannot be challenged: read a board, or accept replays with --challenge off",
        )
    return detector_of(reader.command if challenged else None, red_measured=not replayed)


def leave(detector: PresentationDetector, reader: BoardReader) -> None:
    """Give the board its LEDs back and end the reading: at any time, repeatedly, from any thread but a signal's."""
    detector.close()
    reader.close()


def leaving(detector: PresentationDetector, reader: BoardReader) -> Callable[[], None]:
    """What a `Stopper` calls to `leave`.

    In a thread of its own: a signal may interrupt a command, whose lock the same thread would wait for without end.
    """
    return lambda: threading.Thread(target=leave, args=(detector, reader), name="leave the board").start()
