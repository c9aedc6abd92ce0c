"""Everything that is measured of one bundle under one condition."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from device.enrolment import windows_in
from device.evaluation import Result, Settings
from device.evaluation.attempt_rates import attempt_rates
from device.evaluation.attempts import Attempts, attempt
from device.evaluation.decision_rates import decision_rates
from device.evaluation.protocol import decide
from device.evaluation.settings import AttemptRates, DecisionRates
from device.frontend import Reason
from train.report.bundle.answering import Answering, answering
from train.report.bundle.conditions import Condition
from train.report.bundle.groups import Group, groups_of
from train.report.bundle.model import PRECISION, Model
from train.report.bundle.persons import PersonErrors, persons_of
from train.report.bundle.planning import Embedded, Protocol, protocol_of
from train.report.bundle.rates import Curve, curve_of
from train.report.bundle.sets import Facts

GROUPED_S = 2.4
"""Quality and heart rate are a window's own: groups are of comparisons of one window."""
CURVE_S = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One bundle under one condition."""

    condition: Condition
    result: Result
    """As ``pulsekey evaluate`` gives it."""
    curve: Curve | None
    """Over 12 s."""
    groups: list[Group]
    group_notes: list[str]
    persons: list[PersonErrors]
    answering: Answering

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares."""
        return self.result.to_json() | {
            "det_12_s": self.curve.to_json() if self.curve else None,
            "groups_one_window": [one.to_json() for one in self.groups],
            "groups_not_told": self.group_notes,
            "persons": [one.to_json() for one in self.persons],
            "seconds_to_answer": self.answering.to_json(),
        }


def measure(
    lines: Sequence[Embedded], facts: Mapping[str, Facts], condition: Condition, model: Model, title: str, seed: int
) -> Measured:
    """Enrol, compare, decide, and look at who and what fails.

    Raises:
        SignalError: TOO_FEW_PEOPLE or TOO_FEW_GOOD_WINDOWS, where there is nothing to measure.
    """
    settings, spec = condition.settings, model.spec
    protocol = protocol_of(lines, settings, model)
    by_length = {
        seconds: decide(protocol.enrolled, protocol.scorer, windows_in(seconds, spec))
        for seconds in settings.decision_seconds
    }
    attempts = attempt(protocol.enrolled, protocol.scorer, model.boundaries.max_windows)
    subjects = [plan.subject for plan in protocol.enrolled]
    told = [facts.get(subject, Facts()) for subject in subjects]
    quality, bpm = protocol.traits(windows_in(GROUPED_S, spec))
    groups, notes = groups_of(by_length[GROUPED_S], quality, bpm, told, seed)
    rates = tuple(decision_rates(seconds, one, seed) for seconds, one in by_length.items())
    return Measured(
        condition=condition,
        result=_result(protocol, model, settings, title, rates, rates_of_attempts(attempts, model, seed)),
        curve=curve_of(by_length[CURVE_S], seed),
        groups=groups,
        group_notes=notes,
        persons=persons_of(subjects, attempts, model.boundaries),
        answering=answering(attempts, model.boundaries, spec),
    )


def rates_of_attempts(attempts: Attempts, model: Model, seed: int) -> AttemptRates | None:
    """What the attempts come to, None without one."""
    return attempt_rates(attempts, model.boundaries, model.spec, seed) if attempts.own.size else None


def _result(
    protocol: Protocol,
    model: Model,
    settings: Settings,
    title: str,
    decisions: tuple[DecisionRates, ...],
    attempts: AttemptRates | None,
) -> Result:
    windows = sum(len(one.embeddings) for one in protocol.timelines)
    refused = sum((one.reasons for one in protocol.timelines), Counter[Reason]())
    return Result(
        cohort=title,
        model_id=model.name,
        precision=PRECISION,
        runtime=model.embedder.runtime,
        people=len(protocol.plans),
        enrolled=len(protocol.enrolled),
        not_enrolled=tuple(plan.subject for plan in protocol.plans if not plan.enrollable),
        windows=windows,
        fta=refused.total() / windows,
        settings=settings,
        decisions=decisions,
        attempts=attempts,
    )
