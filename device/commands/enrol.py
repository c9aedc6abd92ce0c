"""`pulsekey enrol NAME`: a minute of good pulse becomes a person in the gallery."""

import argparse

from device.bundle import Bundle, load_bundle
from device.commands.options import add_bundle, add_gallery, add_json, add_port, positive, resolve_port
from device.comparison import comparator_of
from device.decision import boundaries_at, identify
from device.embedders import load_embedder
from device.enrolment import DEFAULT_SECONDS, Enrolment, joined
from device.errors import GalleryError, GalleryReason
from device.events import Enrolled
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.output import Output
from device.pipeline import enrol_from
from device.stopping import Stopper
from firmware_bridge import BoardReader

HELP = (
    "Enrol a person: 60 s on the sensor, with progress and advice on stderr. Stored wholly or not at all. A pulse "
    "changes from day to day: --add a second session on another one."
)

# An enrolment counts seconds of signal; a board that stalls must not keep a person waiting for ever.
_PATIENCE = 2.0
_PATIENCE_EXTRA_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--add", action="store_true", help="a further session of a person who is enrolled already")
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
    with Gallery(args.gallery, create=not args.add) as gallery:
        # Asked before anybody sits through a minute.
        name = gallery.person(args.name, model_id).name if args.add else gallery.check_free(args.name, model_id)
        enrolment = Enrolment(load_embedder(bundle, args.runtime), bundle.front_end, args.seconds)
        _acquire(args, bundle, enrolment, Output(as_json=args.json, aside=True))
        _refuse_somebody_else(name, enrolment, gallery, bundle)
        if args.add:
            _add(name, enrolment, gallery, model_id)
        else:
            gallery.enrol(name, model_id, enrolment.reference(), enrolment.good_windows)
    Output(as_json=args.json).event(Enrolled(enrolment.elapsed_s, name, enrolment.good_windows))
    return 0


def _refuse_somebody_else(name: str, enrolment: Enrolment, gallery: Gallery, bundle: Bundle) -> None:
    """People whom the device cannot tell apart are not enrolled under two names."""
    if not gallery.people():
        return
    references = gallery.references(bundle.manifest.model_id)
    boundaries = boundaries_at(bundle.manifest.decision).among(len(references.names))
    llr = comparator_of(bundle).against(references.embeddings).llr(enrolment.reference(), enrolment.good_windows)
    best = identify(llr, boundaries.max_windows, boundaries)
    if best is not None and best.accepted and references.names[best.position] != name:
        owner = references.names[best.position]
        raise GalleryError(
            GalleryReason.ALREADY_ENROLLED,
            f"this pulse belongs to {owner!r} already: `pulsekey enrol {owner} --add` adds a session, "
            f"`pulsekey forget {owner}` frees it",
        )


def _add(name: str, enrolment: Enrolment, gallery: Gallery, model_id: str) -> None:
    person, old = gallery.person(name, model_id), gallery.reference_of(name, model_id).embeddings[0]
    reference = joined(old, person.good_windows, enrolment.reference(), enrolment.good_windows)
    gallery.update(name, reference, person.good_windows + enrolment.good_windows)


def _acquire(args: argparse.Namespace, bundle: Bundle, enrolment: Enrolment, output: Output) -> None:
    reader = BoardReader(resolve_port(args), baud=args.baud, reconnect=False)
    with Stopper(reader.close, _PATIENCE * args.seconds + _PATIENCE_EXTRA_S) as stopper, reader:
        front_end = BoardFrontEnd(bundle.front_end)
        for event in enrol_from(reader, front_end=front_end, enrolment=enrolment):
            output.event(event)
    if stopper.interrupted:
        raise KeyboardInterrupt
