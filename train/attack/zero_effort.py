"""Zero effort: somebody else's own finger. What it is accepted for is the false match rate."""

from firmware_bridge.sources import PulseSource
from train.attack.presentation import Instrument
from train.attack.sources import as_measured
from train.attack.species import Case, Species


def zero_effort() -> list[Species]:
    """The one species."""
    return [
        Species(
            "zero_effort",
            "another person's own pulse",
            Instrument.FINGER,
            _source,
            "a stranger is taken for the owner as often as --fmr allows: a smaller rate costs the owner more tries",
        )
    ]


def _source(case: Case) -> PulseSource | None:
    able = [one for one in case.others if one.slots]
    if not able:
        return None
    random = case.random()
    other = able[random.integers(len(able))]
    return as_measured(other.slot(int(random.integers(other.slots))), case.seed)
