"""`pulsekey demo`: the whole chain on a simulated board, told in plain words; also an example of the API."""

import argparse
import tempfile
from pathlib import Path

from device.bundle import Bundle, load_bundle
from device.commands.options import add_bundle
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import Embedder, load_embedder
from device.enrolment import Enrolment
from device.errors import CommandError, CommandReason
from device.events import Identified, Unknown
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.output import narrate
from device.pipeline import Recogniser, enrol_from
from firmware_bridge import BoardReader, LightBoard, PtyBoard, wearer_names
from firmware_bridge.wearers import WearerSource, load_wearer

HELP = "Enrol two simulated wearers from a simulated board, recognise one live, and turn a stranger away."

# Times real time: nobody wants to wait two minutes of enrolment; recognition is shown as it is, live.
_ENROL_SPEED = 20.0
_RECOGNISE_SPEED = 1.0
# Another seed is another sitting: same person, other heartbeats, other noise.
_ENROL_SEED, _RECOGNISE_SEED = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_bundle(parser)


def run(args: argparse.Namespace) -> int:
    """Show the chain.

    Raises:
        CommandError: WRONG_OUTCOME, where a wearer was not named or a stranger was.
    """
    bundle = load_bundle(args.bundle)
    embedder = load_embedder(bundle, args.runtime)
    first, second, stranger = wearer_names()[:3]
    _say(f"The model is {bundle.manifest.model_id}, run by {embedder.runtime}.")
    with (
        tempfile.TemporaryDirectory(prefix="pulsekey-demo-") as folder,
        Gallery(Path(folder) / "gallery.sqlite") as gallery,
    ):
        for name in (first, second):
            _enrol(name, bundle, embedder, gallery)
        named = _recognise(second, bundle, embedder, gallery)
        turned_away = _recognise(stranger, bundle, embedder, gallery)
    if not (isinstance(named, Identified) and named.person == second):
        raise CommandError(CommandReason.WRONG_OUTCOME, f"{second} is enrolled but was not named")
    if not isinstance(turned_away, Unknown):
        raise CommandError(CommandReason.WRONG_OUTCOME, f"{stranger} is a stranger but was not turned away")
    _say(f"\nBoth right: {second} was named, and {stranger}, who is not enrolled, was turned away.")
    return 0


def _enrol(name: str, bundle: Bundle, embedder: Embedder, gallery: Gallery) -> None:
    enrolment = Enrolment(embedder, bundle.front_end)
    source = WearerSource(load_wearer(name), seed=_ENROL_SEED)
    with PtyBoard(LightBoard(source), speed=_ENROL_SPEED) as board, BoardReader(board.path) as reader:
        _say(f"\n{name} puts on the sensor at {board.path} and is enrolled ({_ENROL_SPEED:g} times real time).")
        for _ in enrol_from(reader, front_end=BoardFrontEnd(bundle.front_end), enrolment=enrolment):
            pass
    gallery.enrol(name, bundle.manifest.model_id, enrolment.reference(), enrolment.good_windows)
    _say(f"  enrolled from {enrolment.good_windows} good windows in {enrolment.elapsed_s:.0f} s")


def _recognise(name: str, bundle: Bundle, embedder: Embedder, gallery: Gallery) -> Identified | Unknown | None:
    """The first decision about this wearer, or None if the signal ended before one."""
    recogniser = Recogniser(
        front_end=BoardFrontEnd(bundle.front_end),
        embedder=embedder,
        references=gallery.references(bundle.manifest.model_id),
        comparator=comparator_of(bundle),
        boundaries=boundaries_at(bundle.manifest.decision),
        decisions=1,
    )
    # A limit, so that a model that never finds a good window ends the demo too.
    source = WearerSource(load_wearer(name), seed=_RECOGNISE_SEED, seconds=60.0)
    with PtyBoard(LightBoard(source), speed=_RECOGNISE_SPEED) as board, BoardReader(board.path) as reader:
        _say(f"\n{name} puts on the sensor at {board.path}. Who is it?")
        for event in recogniser.events(reader):
            if sentence := narrate(event):
                _say(f"  {sentence}")
            if isinstance(event, Identified | Unknown):
                return event
    return None


def _say(text: str) -> None:
    print(text, flush=True)
