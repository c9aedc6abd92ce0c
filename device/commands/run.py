"""`pulsekey run`: name the wearer of a live pulse."""

import argparse

from device.bundle import load_bundle
from device.commands.options import (
    add_bundle,
    add_fmr,
    add_gallery,
    add_json,
    add_port,
    count,
    open_reader,
    positive,
    resolve_port,
)
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import load_embedder
from device.events import Event, Identified, Listening, Unknown
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.output import Output
from device.pipeline import Recogniser
from device.session.inbox import Inbox
from device.stopping import Stopper
from firmware_bridge.errors import PulsekeyError

HELP = "Read a board and say who wears it, or that it is nobody enrolled; until Ctrl-C."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_port(parser)
    add_gallery(parser)
    add_bundle(parser)
    add_fmr(parser)
    add_json(parser)
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=positive, metavar="N", help="stop after N seconds")
    limit.add_argument("--decisions", type=count, metavar="N", help="stop after N decisions")
    parser.add_argument("--no-reconnect", action="store_true", help="end when the board goes away")


def run(args: argparse.Namespace) -> int:
    """Recognise until stopped.

    Raises:
        PulsekeyError: of whatever phase; GalleryError EMPTY before the port is touched.
    """
    bundle = load_bundle(args.bundle)
    boundaries = boundaries_at(bundle.manifest.decision, args.fmr)
    with Gallery(args.gallery, create=False) as gallery:
        recogniser = Recogniser(
            front_end=BoardFrontEnd(bundle.front_end),
            embedder=load_embedder(bundle, args.runtime),
            references=gallery.references(bundle.manifest.model_id),
            comparator=comparator_of(bundle),
            boundaries=boundaries,
            decisions=args.decisions,
        )
        return _recognise(args, bundle.manifest.model_id, recogniser, gallery)


def _recognise(args: argparse.Namespace, model_id: str, recogniser: Recogniser, gallery: Gallery) -> int:
    output = Output(as_json=args.json, verbose=args.verbose > 0)
    port = resolve_port(args)
    reader = open_reader(args, port, reconnect=not args.no_reconnect)
    stopper = Stopper(reader.close, args.seconds)
    try:
        with stopper, reader:
            output.event(Listening(0.0, port, model_id, recogniser.people))
            # Read in a thread of its own: what the gallery's log has to wait for must not cost samples.
            for event in recogniser.events(Inbox(reader).messages()):
                _log(event, gallery)
                output.event(event)
                if recogniser.done:
                    reader.close()  # the iteration then ends by itself, with the link's totals
    except PulsekeyError:
        if recogniser.tally.windows:
            output.event(recogniser.summary())
        raise
    output.event(recogniser.summary())
    if not stopper.interrupted:
        recogniser.refuse_if_no_good_window()
    return 0


def _log(event: Event, gallery: Gallery) -> None:
    if isinstance(event, Identified):
        gallery.log("decision", "identified", event.person)
    elif isinstance(event, Unknown):
        gallery.log("decision", "unknown")
