"""Whether some fare worse: errors by signal quality, by heart rate, by sex and by age, at one common threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bootstrap import outcome_intervals
from device.evaluation.protocol import Decisions
from device.evaluation.settings import Interval
from device.metrics import det, equal_error_rate, own_cells
from train.report.bundle.pulses import Floats
from train.report.bundle.sets import Facts

LEAST_PEOPLE = 3
"""Fewer are no group: what is said of them is said of each."""


@dataclass(frozen=True, slots=True)
class Group:
    """Probes of one kind against everybody: rates at the threshold at which all probes together have equal errors."""

    by: str
    name: str
    people: int
    """Who gave the probes."""
    probes: int
    fnmr: float
    fnmr_ci95: Interval
    fmr: float
    fmr_ci95: Interval
    eer: float
    """At a threshold of its own."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares."""
        return {name: getattr(self, name) for name in self.__slots__}


def equal_threshold(decisions: Decisions) -> float:
    """The lowest score at which no more mated comparisons fall below than non-mated ones reach it, or the next."""
    points = det(decisions.mated, decisions.non_mated)
    return float(points.thresholds[np.argmax(points.fnmr >= points.fmr)])


def groups_of(
    decisions: Decisions, quality: Floats, bpm: Floats, facts: Sequence[Facts], seed: int
) -> tuple[list[Group], list[str]]:
    """Every group that has people enough, and a line about what is not told.

    Args:
        decisions: n probes against m people.
        quality: (n,) signal quality of each probe.
        bpm: (n,) heart rate of each.
        facts: of each of the m people.
        seed: of the bootstrap.
    """
    if not decisions.own.size:
        return [], ["no comparison could be filled"]
    ages = np.array([one.age if one.age is not None else np.nan for one in facts])[decisions.own]
    sexes = np.array([one.sex for one in facts])[decisions.own]
    kinds = [
        *_terciles("signal quality", quality, "{:.3f}"),
        *_terciles("heart rate", bpm, "{:.0f}", " bpm"),
        *(("sex", name, sexes == key) for key, name in (("F", "women"), ("M", "men")) if (sexes == key).any()),
        *_ages(ages, facts),
    ]
    threshold = equal_threshold(decisions)
    made = [_group(decisions, by, name, mask, threshold, seed) for by, name, mask in kinds]
    kept = [one for one in made if one.people >= LEAST_PEOPLE]
    notes = [f"{one.by} {one.name}: {one.people} people, too few for a group" for one in made if one not in kept]
    return kept, notes + _unknown(facts)


_Kind = tuple[str, str, NDArray[np.bool_]]


def _terciles(by: str, values: Floats, form: str, unit: str = "") -> list[_Kind]:
    """Three parts of about equally many probes; equal values stay together."""
    low, high = np.quantile(values, (1 / 3, 2 / 3))
    ends = [form.format(value) for value in (values.min(), low, high, values.max())]
    names = [f"{ends[0]} to {ends[1]}{unit}", f"{ends[1]} to {ends[2]}{unit}", f"{ends[2]} to {ends[3]}{unit}"]
    masks = values < low, (values >= low) & (values < high), values >= high
    return [
        (by, f"{which}, {name}", mask)
        for which, name, mask in zip(("low", "middle", "high"), names, masks, strict=True)
    ]


def _ages(ages: Floats, facts: Sequence[Facts]) -> list[_Kind]:
    """Thirds of the people whose age is known, not of their probes."""
    known = np.array([one.age for one in facts if one.age is not None], dtype=np.float64)
    if known.size < 3 * LEAST_PEOPLE:
        return []
    low, high = (int(value) for value in np.ceil(np.quantile(known, (1 / 3, 2 / 3))))
    return [
        ("age", f"below {low}", ages < low),
        ("age", f"{low} to {high - 1}", (ages >= low) & (ages < high)),
        ("age", f"{high} and above", ages >= high),
    ]


def _group(decisions: Decisions, by: str, name: str, mask: NDArray[np.bool_], threshold: float, seed: int) -> Group:
    scores, own = decisions.scores[mask], decisions.own[mask]
    if not own.size:
        return Group(by, name, 0, 0, 0.0, None, 0.0, None, 0.0)
    accepted = scores >= threshold
    mine = own_cells(scores, own)
    fmr_ci95, fnmr_ci95 = outcome_intervals(accepted, own, np.random.default_rng(seed))
    return Group(
        by=by,
        name=name,
        people=int(np.unique(own).size),
        probes=int(own.size),
        fnmr=float(1.0 - accepted[mine].mean()),
        fnmr_ci95=fnmr_ci95,
        fmr=float(accepted[~mine].mean()),
        fmr_ci95=fmr_ci95,
        eer=equal_error_rate(scores[mine], scores[~mine]),
    )


def _unknown(facts: Sequence[Facts]) -> list[str]:
    notes = []
    for what, known in (("sex", [one.sex != "" for one in facts]), ("age", [one.age is not None for one in facts])):
        if not any(known):
            notes.append(f"the set does not tell {what}")
        elif not all(known):
            notes.append(f"{what} is not told of {known.count(False)} of {len(known)} people")
    return notes
