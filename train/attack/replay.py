"""Replay: the owner's own recording, of another time than their enrolment."""

from firmware_bridge.sources import PulseSource
from train.attack.people import PRESENTATION_S
from train.attack.presentation import Instrument
from train.attack.sources import LoopedSource, as_measured
from train.attack.species import Case, Species

LOOP_S = 10.0
_SEALED = "only sealed frames (a board with a key) keep it out"


def replays() -> list[Species]:
    """By a lamp, by a fake board, by one that follows commands, and a short one over and over."""
    about = "the owner's recording"
    return [
        Species(
            "replay_lamp",
            about,
            Instrument.LAMP,
            replayed,
            "a lamp that follows the LEDs' currents as skin does would be taken for a finger",
        ),
        Species("replay_wire", about, Instrument.FAKE_BOARD, replayed, _SEALED),
        Species(
            "replay_adaptive",
            about,
            Instrument.ADAPTIVE_BOARD,
            replayed,
            f"in counts it is the owner's finger, and no check of the signal can tell: {_SEALED}",
        ),
        Species(
            "replay_loop",
            f"{LOOP_S:g} s of it over and over",
            Instrument.ADAPTIVE_BOARD,
            _looped,
            f"what is accepted is accepted before the loop begins anew: {_SEALED}",
        ),
    ]


def replayed(case: Case) -> PulseSource | None:
    """The owner's recording of the case's seconds, as a sensor measures it."""
    return as_measured(case.victim.slot(case.slot), case.seed)


def _looped(case: Case) -> PulseSource | None:
    source = replayed(case)
    return LoopedSource(source, LOOP_S, PRESENTATION_S) if source else None
