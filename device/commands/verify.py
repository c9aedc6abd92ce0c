"""`pulsekey verify NAME`: whether the wearer is this person, with a lockout after failed tries."""

import argparse

from device.bundle import Bundle, load_bundle
from device.commands.asking import ask_hidden
from device.commands.options import add_bundle, add_fmr, add_gallery, add_json, add_port, positive, resolve_port
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import load_embedder
from device.errors import SignalError, SignalReason
from device.events import Identified, Unknown, WindowScored
from device.frontend import BoardFrontEnd
from device.gallery import Gallery, References
from device.output import Output, write_json
from device.pipeline import Recogniser
from device.stopping import Stopper
from device.store.guard import Guard, Outcome, Verdict
from firmware_bridge import BoardReader

HELP = "Decide once whether the wearer is NAME: exit 0 if accepted, 1 if refused or locked out, 2 on an error."

_PATIENCE_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME")
    add_port(parser)
    parser.add_argument(
        "--pin", action="store_true", help="ask for the PIN first; the right one ends a lockout's rounds"
    )
    parser.add_argument(
        "--seconds", type=positive, default=_PATIENCE_S, metavar="N", help="give up after N seconds (default 60)"
    )
    add_gallery(parser)
    add_bundle(parser)
    add_fmr(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Verify once.

    Raises:
        PulsekeyError: of whatever phase; a try that ends so is a failed one, if a window had been compared.
    """
    bundle = load_bundle(args.bundle)
    with Gallery(args.gallery, create=False) as gallery:
        references = gallery.reference_of(args.name, bundle.manifest.model_id)
        (name,) = references.names
        guard = Guard(gallery.store)
        if args.pin:
            guard.require_pin()
        verdict = guard.enter_pin(ask_hidden("PIN"), name) if args.pin else guard.barrier()
        if verdict is None:
            verdict = _try(args, bundle, references, guard)
    _tell(verdict, name, as_json=args.json)
    return 0 if verdict.outcome is Outcome.ACCEPTED else 1


def _try(args: argparse.Namespace, bundle: Bundle, references: References, guard: Guard) -> Verdict:
    recogniser = Recogniser(
        front_end=BoardFrontEnd(bundle.front_end),
        embedder=load_embedder(bundle, args.runtime),
        references=references,
        comparator=comparator_of(bundle),
        boundaries=boundaries_at(bundle.manifest.decision, args.fmr),
        decisions=1,
    )
    reader = BoardReader(resolve_port(args), baud=args.baud, reconnect=False)
    with Stopper(reader.close, args.seconds) as stopper, reader:
        verdict = _verdict(recogniser, reader, references.names[0], guard, Output(as_json=args.json, aside=True))
    if verdict is not None:
        return verdict
    if stopper.interrupted:
        raise KeyboardInterrupt
    recogniser.refuse_if_no_good_window()
    raise SignalError(
        SignalReason.TOO_FEW_GOOD_WINDOWS,
        f"too few good windows to decide on, {recogniser.tally.good_windows}: this counts as a failed try",
    )


def _verdict(recogniser: Recogniser, reader: BoardReader, name: str, guard: Guard, output: Output) -> Verdict | None:
    """The first decision's, recorded before anybody is told; None where the signal ended before one."""
    begun = False
    for event in recogniser.events(reader):
        if isinstance(event, Identified | Unknown):
            return guard.conclude(name, accepted=isinstance(event, Identified))
        if not isinstance(event, WindowScored):  # which would tell how near a stranger comes
            output.event(event)
        elif not begun:
            refused = guard.begin(name)
            if refused is not None:
                return refused
            begun = True
    return None


def _tell(verdict: Verdict, name: str, *, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "event": "verified",
                "person": name,
                "outcome": verdict.outcome.name.lower(),
                "wait_s": round(verdict.wait_s, 1),
                "tries_left": verdict.tries_left,
            }
        )
        return
    text = {
        Outcome.ACCEPTED: f"accepted: this is {name}",
        Outcome.REFUSED: f"refused: this is not {name}",
        Outcome.WRONG_PIN: "refused: wrong PIN",
        Outcome.PIN_DUE: "refused: too many failed tries: the PIN is needed, --pin",
        Outcome.LOCKED: "refused: locked after failed tries",
    }[verdict.outcome]
    wait = f"; next try in {verdict.wait_s:.0f} s" if verdict.wait_s else ""
    print(text + wait)
