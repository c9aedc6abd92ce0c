"""What a run of attacks answers, and how it was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from train.attack.attempt import Protection
from train.attack.measuring import Measured
from train.attack.rates import Share


@dataclass(frozen=True, slots=True)
class Conditions:
    """On what, and with what, it was measured."""

    source: str
    model_id: str
    precision: str
    runtime: str
    fmr: float
    accept_llr: float
    """Log-likelihood ratio from which one reference accepts at this FMR."""
    seed: int
    enrolled: int
    not_enrolled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Genuine people and every species, worst first."""

    conditions: Conditions
    genuine: Measured
    attacks: tuple[Measured, ...]
    left_out: tuple[str, ...]
    likenesses: tuple[float, ...]

    @property
    def protections(self) -> tuple[Protection, ...]:
        """From none to all there is."""
        return tuple(self.genuine.accepted)

    @property
    def likeness(self) -> tuple[float, float, float] | None:
        """Quartiles of Pearson's r of generated and true pulse, None if none was generated."""
        if not self.likenesses:
            return None
        low, middle, high = np.percentile(self.likenesses, (25, 50, 75)).tolist()
        return low, middle, high

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares, not per cent."""
        conditions = {name: getattr(self.conditions, name) for name in Conditions.__slots__}
        return {
            **conditions,
            "not_enrolled": list(self.conditions.not_enrolled),
            "genuine": {
                "presentations": self.genuine.presentations,
                "accepted": _json(self.genuine.accepted),
                "bpcer": _json(self.genuine.detected),
                "not_acquired": self.genuine.not_acquired.to_json(),
            },
            "attacks": {one.species.name: _attack(one) for one in self.attacks},
            "not_measured": list(self.left_out),
            "generated_r_quartiles": None if self.likeness is None else list(self.likeness),
        }


def _attack(one: Measured) -> dict[str, Any]:
    return {
        "about": one.species.about,
        "played_by": one.species.instrument.value,
        "people": one.people,
        "presentations": one.presentations,
        "iapar": _json(one.accepted),
        "apcer": _json(one.passed),
        "apnrr": one.not_acquired.to_json(),
        "remains": one.species.remains,
    }


def _json(shares: Mapping[Protection, Share]) -> dict[str, Any]:
    return {protection.value: share.to_json() for protection, share in shares.items()}
