"""`pulsekey enrol NAME`: half a minute of good pulse becomes a person in the gallery."""

import argparse
import sys

from device.bundle import Bundle, load_bundle
from device.commands.options import add_bundle, add_gallery, add_json, add_port, open_reader, resolve_port
from device.embedders import load_embedder
from device.enrolment import LIMIT_S, MAX_GOOD_S, MIN_GOOD_S, Enrolment
from device.events import Enrolled, EnrolmentProgress
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.output import Output, narrate
from device.pipeline import enrol_from
from device.stopping import Stopper
from device.store_enrolment import EnrolmentStore
from device.terminal.pulse_line import PulseLine
from firmware_bridge import BoardReader

HELP = (
    f"Enrol a person: {MIN_GOOD_S:.0f} to {MAX_GOOD_S:.0f} good seconds on the sensor, as many as it takes for the "
    f"reference to be steady, within {LIMIT_S:.0f} s, with progress and advice on stderr. Stored wholly or not at all. "
    "A pulse changes from day to day: --add a second session on another one."
)

# An enrolment counts seconds of signal; a board that stalls must not keep a person waiting for ever.
_PATIENCE_S = LIMIT_S + 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--add", action="store_true", help="a further session of a person who is enrolled already")
    add_port(parser)
    add_gallery(parser)
    add_bundle(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Enrol one person.

    Raises:
        PulsekeyError: of whatever phase; nothing is stored then.
    """
    bundle = load_bundle(args.bundle)
    with Gallery(args.gallery, create=not args.add) as gallery:
        store = EnrolmentStore(gallery, bundle)
        name = store.check(args.name, add=args.add)
        enrolment = Enrolment(load_embedder(bundle, args.runtime), bundle.front_end)
        _acquire(args, bundle, enrolment, Output(as_json=args.json, aside=True))
        store.keep(name, enrolment, add=args.add)
    done = Enrolled(enrolment.elapsed_s, name, enrolment.good_windows, first_session=not args.add)
    Output(as_json=args.json).event(done)
    return 0


def _acquire(args: argparse.Namespace, bundle: Bundle, enrolment: Enrolment, output: Output) -> None:
    reader = open_reader(args, resolve_port(args), reconnect=False)
    front_end = BoardFrontEnd(bundle.front_end)
    with Stopper(reader.close, _PATIENCE_S) as stopper, reader:
        if sys.stderr.isatty() and not args.json:
            _draw(reader, front_end, enrolment, output)
        else:
            for event in enrol_from(reader, front_end=front_end, enrolment=enrolment):
                output.event(event)
    if stopper.interrupted:
        raise KeyboardInterrupt


def _draw(reader: BoardReader, front_end: BoardFrontEnd, enrolment: Enrolment, output: Output) -> None:
    """The pulse as it runs, and progress beside it; what else happens in lines above."""
    with PulseLine(sys.stderr) as line:
        for event in enrol_from(line.watching(reader), front_end=front_end, enrolment=enrolment):
            if isinstance(event, EnrolmentProgress):
                line.text = narrate(event)
            else:
                line.clear()
                output.event(event)
