"""What every species of attack is: what it plays to be taken for a victim."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_bridge.sources import PulseSource
from train.attack.people import Person
from train.attack.presentation import Instrument


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One try at being taken for ``victim``: what there is to make a source of."""

    victim: Person
    slot: int
    """Which of the victim's presentations, 0 to ``victim.slots`` - 1."""
    others: Sequence[Person]
    """Everyone else among the victims."""
    seed: int
    """Of everything random in it."""

    def random(self) -> np.random.Generator:
        """The case's own generator, from its beginning."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True, slots=True, eq=False)
class Species:
    """A kind of attack."""

    name: str
    about: str
    """What is played, a few words."""
    instrument: Instrument
    source_of: Callable[[Case], PulseSource | None]
    """None where this case cannot be made, as without an ECG in these seconds."""
    remains: str = ""
    """What stays possible, said where any of it is accepted."""
