"""Synthetic pulses: a beat that is nobody's, at the owner's heart rate, with the variability of a living heart."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sources import PulseSource
from firmware_bridge.wearers import Wearer, WearerSource, load_wearer, wearer_names
from train.attack.beats import heart_rate_bpm
from train.attack.people import PRESENTATION_S
from train.attack.presentation import Instrument
from train.attack.species import Case, Species

RR_SD_MS, RSA_MS = 20.0, 25.0
"""A resting adult's short-term variability, within what the simulated wearers have."""
INSTRUMENTS = {"wire": Instrument.FAKE_BOARD, "adaptive": Instrument.ADAPTIVE_BOARD}
_REMAINS = "a pulse near everybody's is taken for some: only sealed frames keep an adaptive board out"


def simulated() -> list[Species]:
    """A simulated wearer's beat."""
    about = "a simulated wearer at the owner's heart rate"
    return [
        Species(f"simulated_{where}", about, instrument, _simulated, _REMAINS)
        for where, instrument in INSTRUMENTS.items()
    ]


def mean_pulse(beat: NDArray[np.float32]) -> list[Species]:
    """The training people's mean beat (128,)."""

    def source_of(case: Case) -> PulseSource | None:
        return _at_owners_rate(replace(load_wearer(wearer_names()[0]), name="mean", beat=beat), case)

    about = "the mean beat of other people at the owner's heart rate"
    return [
        Species(f"mean_{where}", about, instrument, source_of, _REMAINS) for where, instrument in INSTRUMENTS.items()
    ]


def _simulated(case: Case) -> PulseSource | None:
    names = wearer_names()
    return _at_owners_rate(load_wearer(names[case.random().integers(len(names))]), case)


def _at_owners_rate(wearer: Wearer, case: Case) -> PulseSource | None:
    rate_bpm = heart_rate_bpm(case.victim.enrolment())
    if rate_bpm is None:
        return None
    own = replace(wearer, heart_rate_bpm=rate_bpm, rr_sd_ms=RR_SD_MS, rsa_ms=RSA_MS)
    return WearerSource(own, case.seed, PRESENTATION_S)
