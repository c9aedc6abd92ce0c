"""`pulsekey unlock`: a lock that opens by pulse, with a view of what it sees."""

import argparse
import sys
from contextlib import ExitStack

from device.bundle import load_bundle
from device.commands.locking import add_lock, check_lock, session_of
from device.commands.options import (
    add_bundle,
    add_fmr,
    add_gallery,
    add_json,
    add_port,
    open_reader,
    positive,
    resolve_port,
)
from device.commands.presenting import detector_at, leave, leaving
from device.events import Event
from device.gallery import Gallery
from device.hooks.options import hooks_of
from device.session.inbox import Inbox
from device.session.orders import PinEntered
from device.stopping import Stopper
from device.terminal.keys import Keys
from device.terminal.showing import Showing

HELP = (
    "Open a lock by pulse, and keep it open while the sensor is worn; with a view of pulse and evidence, until Ctrl-C. "
    "Failed tries lock everybody out for a while."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_lock(parser)
    add_port(parser)
    parser.add_argument("--seconds", type=positive, metavar="N", help="stop after N seconds")
    parser.add_argument("--plain", action="store_true", help="lines instead of a view, as for a log")
    add_gallery(parser)
    add_bundle(parser)
    add_fmr(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the lock until stopped.

    Raises:
        PulsekeyError: of whatever phase; GalleryError EMPTY before the port is touched.
    """
    check_lock(args)
    bundle = load_bundle(args.bundle)
    with ExitStack() as stack:
        gallery = stack.enter_context(Gallery(args.gallery, create=False))
        gallery.references(bundle.manifest.model_id)  # raises where there is nobody to open for
        port = resolve_port(args)
        reader = open_reader(args, port)
        detector = detector_at(args, reader, port)
        session = session_of(args, gallery, bundle, detector)
        show = Showing(as_json=args.json, verbose=args.verbose > 0)
        hooks = stack.enter_context(hooks_of(args, show.warn))
        inbox = Inbox(reader)
        keys = Keys(sys.stdin.fileno(), lambda digits: inbox.post(PinEntered(digits)))
        stack.enter_context(Stopper(leaving(detector, reader), args.seconds))
        stack.enter_context(reader)
        if args.pin:
            stack.enter_context(keys)
        if sys.stdout.isatty() and not (args.plain or args.json):
            show.open_view(stack, session, port, lambda: keys.typed)

        def tell(event: Event) -> None:
            hooks.heed(event)
            show.event(event)

        try:
            session.run(inbox, tell, show.tick)
        finally:
            leave(detector, reader)
    return 0
