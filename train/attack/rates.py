"""Shares of presentations, by the terms of ISO/IEC 30107-3, with 95 % intervals over people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from device.bootstrap import share_interval
from train.attack.attempt import Outcome

RULE_OF_THREE = 3.0
"""Of none in n the share may, at 95 %, be up to 3 / n (Hanley and Lippman-Hand 1983); n are people here."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one presentation to the device of person number ``victim``."""

    victim: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``trials``, of so many ``people``."""

    hits: int
    trials: int
    people: int
    ci95: tuple[float, float] | None
    """Over people; by the rule of three where nothing or everything hit, None below two people."""

    @property
    def value(self) -> float | None:
        """0 to 1; None without a trial."""
        return self.hits / self.trials if self.trials else None

    def to_json(self) -> dict[str, Any]:
        """One JSON object; a share, not per cent."""
        return {
            "share": self.value,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "hits": self.hits,
            "trials": self.trials,
            "people": self.people,
        }


def share_of(trials: Sequence[Trial], hit: Outcome, seed: int) -> Share:
    """How many of the trials came to ``hit``; ``seed`` is of the bootstrap."""
    hits = np.array([one.outcome is hit for one in trials], dtype=np.bool_)
    people, own = np.unique([one.victim for one in trials], return_inverse=True)
    interval = None
    if len(people) > 1:
        interval = share_interval(hits, own.astype(np.intp), len(people), np.random.default_rng(seed))
        most = min(1.0, RULE_OF_THREE / len(people))
        if not hits.any():
            interval = (0.0, most)
        elif hits.all():
            interval = (1.0 - most, 1.0)
    return Share(int(hits.sum()), len(trials), len(people), interval)


def acquired(trials: Sequence[Trial]) -> list[Trial]:
    """Those whose signal was good enough to decide on: APCER and BPCER are of these."""
    return [one for one in trials if one.outcome is not Outcome.NOT_ACQUIRED]
