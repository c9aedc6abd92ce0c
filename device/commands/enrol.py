"""`pulsekey enrol NAME`: a minute of good pulse becomes a person in the gallery."""

import argparse

from device.bundle import Bundle, load_bundle
from device.commands.options import add_bundle, add_gallery, add_json, add_port, positive, resolve_port
from device.embedders import load_embedder
from device.enrolment import DEFAULT_SECONDS, Enrolment
from device.events import Enrolled
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.output import Output
from device.pipeline import enrol_from
from device.stopping import Stopper
from firmware_bridge import BoardReader

HELP = "Enrol a person: 60 s on the sensor, with progress and advice on stderr. Stored wholly or not at all."

# An enrolment counts seconds of signal; a board that stalls must not keep a person waiting for ever.
_PATIENCE = 2.0
_PATIENCE_EXTRA_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME")
    add_port(parser)
    parser.add_argument(
        "--seconds", type=positive, default=DEFAULT_SECONDS, metavar="N", help="length of signal (default 60)"
    )
    add_gallery(parser)
    add_bundle(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Enrol one person.

    Raises:
        PulsekeyError: of whatever phase; nothing is stored then.
    """
    bundle = load_bundle(args.bundle)
    model_id = bundle.manifest.model_id
    with Gallery(args.gallery) as gallery:
        name = gallery.check_free(args.name, model_id)
        enrolment = Enrolment(load_embedder(bundle, args.runtime), bundle.front_end, args.seconds)
        _acquire(args, bundle, enrolment, Output(as_json=args.json, aside=True))
        gallery.enrol(name, model_id, enrolment.reference(), enrolment.good_windows)
    Output(as_json=args.json).event(Enrolled(enrolment.elapsed_s, name, enrolment.good_windows))
    return 0


def _acquire(args: argparse.Namespace, bundle: Bundle, enrolment: Enrolment, output: Output) -> None:
    reader = BoardReader(resolve_port(args), baud=args.baud, reconnect=False)
    with Stopper(reader.close, _PATIENCE * args.seconds + _PATIENCE_EXTRA_S) as stopper, reader:
        front_end = BoardFrontEnd(bundle.front_end)
        for event in enrol_from(reader, front_end=front_end, enrolment=enrolment):
            output.event(event)
    if stopper.interrupted:
        raise KeyboardInterrupt
