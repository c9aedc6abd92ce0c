"""Who is enrolled and probed with what, by the device's protocol, with what each probe is like beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.comparison import Scorer
from device.decision import GivenUp
from device.enrolment import min_good_windows
from device.errors import SignalError, SignalReason
from device.evaluation import Settings
from device.evaluation.protocol import Plan, Probe, Selector, attempts_of, references_of
from device.evaluation.timelines import Timeline
from train.report.bundle.model import Model
from train.report.bundle.pulses import Floats, Line, embedded


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """A time line as one bundle sees it."""

    line: Line
    timeline: Timeline


@dataclass(frozen=True, slots=True, eq=False)
class Protocol:
    """One condition's people: all plans, those that could be enrolled, and the comparison with these."""

    plans: list[Plan]
    enrolled: list[Plan]
    scorer: Scorer
    timelines: list[Timeline]
    """Everything that is used, of everyone."""
    _traits: dict[int, Timeline]

    def traits(self, windows: int) -> tuple[Floats, Floats]:
        """Mean signal quality and heart rate (n,) of probes of so many windows, in the order of ``decide``."""
        # The device's own accumulator pools them, so that windows and means cannot go apart. What it gives is a
        # multiple of their mean, and the third part of each is 1: the means are ratios to it.
        rows: list[NDArray[np.float32]] = []
        for plan in self.enrolled:
            for probe in plan.probes:
                beside = Probe(self._traits[id(probe.timeline)], probe.start)
                rows += [one[-1].probe for one in attempts_of(beside, windows) if not isinstance(one, GivenUp)]
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return table[:, 0] / table[:, 2], table[:, 1] / table[:, 2]


def embed(lines: Sequence[Line], model: Model) -> list[Embedded]:
    """Every window of a set, embedded once."""
    return [Embedded(line, embedded(line, model.embedder)) for line in lines]


def protocol_of(lines: Sequence[Embedded], settings: Settings, model: Model) -> Protocol:
    """Plan everyone, as ``device.evaluation.evaluate`` does.

    Raises:
        SignalError: TOO_FEW_PEOPLE or TOO_FEW_GOOD_WINDOWS, where there is nothing to measure.
    """
    selector = Selector(settings, model.spec)
    used = [one for one in lines if selector.wants(one.timeline.subject, one.line.key, one.timeline.session)]
    by_person: dict[str, list[Timeline]] = {}
    for one in used:
        by_person.setdefault(one.timeline.subject, []).append(one.timeline)
    plans = [selector.plan(subject, own) for subject, own in by_person.items()]
    enrolled = [plan for plan in plans if plan.enrollable]
    if len(plans) < 2:
        raise SignalError(
            SignalReason.TOO_FEW_PEOPLE, f"{len(plans)} people have recordings that match; two are needed"
        )
    if len(enrolled) < 2:
        raise SignalError(
            SignalReason.TOO_FEW_GOOD_WINDOWS,
            f"{len(enrolled)} of {len(plans)} people have the {min_good_windows(model.spec)} good windows an enrolment "
            "takes; two are needed",
        )
    return Protocol(
        plans,
        enrolled,
        model.comparator.against(references_of(enrolled)),
        [one.timeline for one in used],
        {id(one.timeline): one.line.traits for one in used},
    )
