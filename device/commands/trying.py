"""One try at being recognised, counted and answered once: what `verify` and `identify` share."""

import argparse
from dataclasses import dataclass

from device.bundle import Bundle
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
from device.commands.presenting import add_challenge, detector_at, leave
from device.comparison import comparator_of
from device.decision import Accept, boundaries_at
from device.embedders import load_embedder
from device.errors import SignalError, SignalReason
from device.events import Identified, PresentationAttack, Unknown, WindowScored
from device.frontend import BoardFrontEnd
from device.gallery import References
from device.output import Output
from device.pipeline import Recogniser
from device.stopping import Stopper
from device.store.guard import Guard, Outcome, Verdict
from firmware_bridge import BoardReader

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a try came to: for `person`, where it was accepted, and by which probe."""

    verdict: Verdict
    person: str = ""
    accept: Accept | None = None

    @property
    def accepted(self) -> bool:
        """Whether it was."""
        return self.verdict.outcome is Outcome.ACCEPTED

    def to_json(self) -> dict[str, object]:
        """The verdict's fields."""
        return {
            "outcome": self.verdict.outcome.name.lower(),
            "wait_s": round(self.verdict.wait_s, 1),
            "tries_left": self.verdict.tries_left,
        }

    def words(self, accepted: str, refused: str) -> str:
        """In words; those of the command for the two answers that are about a pulse."""
        text = {
            Outcome.ACCEPTED: accepted,
            Outcome.REFUSED: refused,
            Outcome.WRONG_PIN: "refused: wrong PIN",
            Outcome.PIN_DUE: "refused: too many failed tries: the PIN is needed, `pulsekey verify NAME --pin`",
            Outcome.LOCKED: "refused: locked after failed tries",
        }[self.verdict.outcome]
        wait = f"; next try in {self.verdict.wait_s:.0f} s" if self.verdict.wait_s else ""
        return text + wait


def add_try(parser: argparse.ArgumentParser) -> None:
    """Where the pulse comes from, and how strictly it is judged."""
    add_port(parser)
    parser.add_argument(
        "--seconds", type=positive, default=_PATIENCE_S, metavar="N", help="give up after N seconds (default 60)"
    )
    add_challenge(parser)
    add_gallery(parser)
    add_bundle(parser)
    add_fmr(parser)
    add_json(parser)


def try_once(args: argparse.Namespace, bundle: Bundle, references: References, guard: Guard, claim: str) -> Answer:
    """Read the board until the first decision; `claim` is the only one it can be for, or empty.

    Raises:
        PulsekeyError: of whatever phase; a try that ends so is a failed one, if a window had been compared.
    """
    port = resolve_port(args)
    reader = open_reader(args, port, reconnect=False)
    detector = detector_at(args, reader, port)
    recogniser = Recogniser(
        front_end=BoardFrontEnd(bundle.front_end),
        embedder=load_embedder(bundle, args.runtime),
        references=references,
        comparator=comparator_of(bundle),
        boundaries=boundaries_at(bundle.manifest.decision, args.fmr),
        decisions=1,
        presentation=detector,
    )
    output = Output(as_json=args.json, aside=True)
    with Stopper(lambda: leave(detector, reader), args.seconds) as stopper, reader:
        try:
            answer = _first_answer(recogniser, reader, claim, guard, output)
        finally:
            leave(detector, reader)
    if answer is not None:
        return answer
    if stopper.interrupted:
        raise KeyboardInterrupt
    recogniser.refuse_if_no_good_window()
    raise SignalError(
        SignalReason.TOO_FEW_GOOD_WINDOWS,
        f"too few good windows to decide on, {recogniser.tally.good_windows}: this counts as a failed try",
    )


def _first_answer(
    recogniser: Recogniser, reader: BoardReader, claim: str, guard: Guard, output: Output
) -> Answer | None:
    """The first decision's, recorded before anybody is told; None where the signal ended before one."""
    begun = False
    for event in recogniser.events(reader):
        if isinstance(event, Identified):
            verdict = guard.conclude(event.person, accepted=True)
            return Answer(verdict, event.person, recogniser.last_accept)
        if isinstance(event, Unknown | PresentationAttack):
            verdict = guard.conclude(claim, accepted=False)
            if isinstance(event, PresentationAttack):
                output.event(event)
            return Answer(verdict)
        if not isinstance(event, WindowScored):  # which would tell how near a stranger comes
            output.event(event)
        elif not begun:
            refused = guard.begin(claim)
            if refused is not None:
                return Answer(refused)
            begun = True
    return None
