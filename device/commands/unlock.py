"""`pulsekey unlock`: a lock that opens by pulse, with a view of what it sees."""

import argparse
import sys
from contextlib import nullcontext

from device.bundle import Bundle, load_bundle
from device.commands.options import add_bundle, add_fmr, add_gallery, add_json, add_port, positive, resolve_port
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import Embedder, load_embedder
from device.enrolment import Enrolment
from device.errors import CommandError, CommandReason
from device.frontend import BoardFrontEnd
from device.gallery import Gallery, References
from device.output import Output
from device.pipeline import Recogniser
from device.session.enrolling import Enrolling
from device.session.inbox import Inbox
from device.session.lock import Lock
from device.session.requests import PinEntered
from device.session.session import Session
from device.stopping import Stopper
from device.store.guard import Guard
from device.store_enrolment import EnrolmentStore
from device.terminal.keys import Keys
from firmware_bridge import BoardReader

HELP = (
    "Open a lock by pulse, and keep it open while the sensor is worn; with a view of pulse and evidence, until Ctrl-C. "
    "Failed tries lock everybody out for a while."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="only this person (default: anybody)")
    add_port(parser)
    parser.add_argument(
        "--hold", type=positive, metavar="N", help="stay open for N seconds (default: while the sensor is worn)"
    )
    parser.add_argument("--pin", action="store_true", help="ask for the PIN each time the sensor is put on")
    parser.add_argument(
        "--afresh",
        action="store_true",
        help="with NAME and --pin: the PIN opens, and the pulse of the seconds after it is what must go on",
    )
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
    if args.afresh and not (args.name and args.pin and args.hold is None):
        raise CommandError(
            CommandReason.BAD_ARGUMENT, "--afresh needs NAME and --pin, and goes on while the sensor is worn: no --hold"
        )
    bundle = load_bundle(args.bundle)
    embedder = load_embedder(bundle, args.runtime)
    with Gallery(args.gallery, create=False) as gallery:
        guard = Guard(gallery.store)
        if args.pin:
            guard.require_pin()
        gallery.references(bundle.manifest.model_id)  # raises where there is nobody to open for
        session = Session(
            gallery=gallery,
            guard=guard,
            model_id=bundle.manifest.model_id,
            recognise=lambda references: _recogniser(args, bundle, embedder, references),
            enrolling=_enrolling(bundle, embedder, gallery),
            lock=Lock(hold_s=args.hold, needs_pin=args.pin),
            claim=args.name,
            afresh=args.afresh,
        )
        return _watch(args, session)


def _recogniser(args: argparse.Namespace, bundle: Bundle, embedder: Embedder, references: References) -> Recogniser:
    return Recogniser(
        front_end=BoardFrontEnd(bundle.front_end),
        embedder=embedder,
        references=references,
        comparator=comparator_of(bundle),
        boundaries=boundaries_at(bundle.manifest.decision, args.fmr),
    )


def _enrolling(bundle: Bundle, embedder: Embedder, gallery: Gallery) -> Enrolling:
    return Enrolling(
        EnrolmentStore(gallery, bundle),
        front_end=lambda: BoardFrontEnd(bundle.front_end),
        enrolment=lambda: Enrolment(embedder, bundle.front_end),
    )


def _watch(args: argparse.Namespace, session: Session) -> int:
    """Let the session run, and show it."""
    port = resolve_port(args)
    reader = BoardReader(port, baud=args.baud)
    inbox = Inbox(reader)
    keys = Keys(sys.stdin.fileno(), lambda digits: inbox.post(PinEntered(digits)))
    with Stopper(reader.close, args.seconds), reader, keys if args.pin else nullcontext():
        if args.plain or args.json or not sys.stdout.isatty():
            session.run(inbox, Output(as_json=args.json, verbose=args.verbose > 0).event)
        else:
            from device.terminal.view import TerminalView

            with TerminalView(session, port, lambda: keys.typed) as view:
                session.run(inbox, view.event, view.tick)
    return 0
