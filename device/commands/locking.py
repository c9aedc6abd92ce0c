"""The options of a lock, shared by every command that runs one."""

import argparse
from collections.abc import Callable

from device.bundle import Bundle
from device.commands.options import positive
from device.commands.presenting import add_challenge
from device.embedders import load_embedder
from device.errors import CommandError, CommandReason
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.hooks.options import add_hooks
from device.presentation.detector import PresentationDetector
from device.session.lock import Lock
from device.session.opening import open_session
from device.session.session import Session
from device.store.guard import Guard


def add_lock(parser: argparse.ArgumentParser) -> None:
    """Whom it opens for, how long, what proves a pulse alive, and what follows the lock."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="only this person (default: anybody)")
    parser.add_argument(
        "--hold", type=positive, metavar="N", help="stay open for N seconds (default: while the sensor is worn)"
    )
    parser.add_argument("--pin", action="store_true", help="ask for the PIN each time the sensor is put on")
    parser.add_argument(
        "--afresh",
        action="store_true",
        help="with NAME and --pin: the PIN opens, and the pulse of the seconds after it is what must go on",
    )
    add_challenge(parser)
    add_hooks(parser)


def check_lock(args: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything is loaded.

    Raises:
        CommandError: BAD_ARGUMENT.
    """
    if args.afresh and not (args.name and args.pin and args.hold is None):
        raise CommandError(
            CommandReason.BAD_ARGUMENT, "--afresh needs NAME and --pin, and goes on while the sensor is worn: no --hold"
        )


def session_of(
    args: argparse.Namespace,
    gallery: Gallery,
    bundle: Bundle,
    presentation: PresentationDetector,
    front_end: Callable[[], BoardFrontEnd] | None = None,
) -> Session:
    """The session that was asked for; see `open_session`.

    Raises:
        GalleryError: WRONG_PIN, where a PIN is wanted and none is set.
    """
    if args.pin:
        Guard(gallery.store).require_pin()
    return open_session(
        gallery,
        bundle,
        load_embedder(bundle, args.runtime),
        lock=Lock(hold_s=args.hold, needs_pin=args.pin),
        fmr=args.fmr,
        claim=args.name,
        afresh=args.afresh,
        presentation=presentation,
        front_end=front_end,
    )
