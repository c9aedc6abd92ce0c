"""No pulse: something lifeless on the sensor that reflects like a finger."""

import numpy as np

from firmware_bridge.recordings import Recording
from firmware_bridge.sources import PulseSource
from train.attack.people import PRESENTATION_S
from train.attack.presentation import Instrument
from train.attack.sources import as_measured
from train.attack.species import Case, Species

RATE_HZ = 125.0


def no_pulse() -> list[Species]:
    """The one species."""
    return [Species("no_pulse", "a constant level", Instrument.FINGER, _source)]


def _source(case: Case) -> PulseSource | None:
    level = np.zeros(round(PRESENTATION_S * RATE_HZ))
    return as_measured(Recording(level, RATE_HZ, case.victim.subject, "no pulse", "no pulse"), case.seed)
