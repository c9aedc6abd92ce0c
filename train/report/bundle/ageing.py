"""How a template ages: one enrolment, probed with each later session by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from device.enrolment import windows_in
from device.errors import SignalError
from device.evaluation import Settings
from device.evaluation.attempts import attempt
from device.evaluation.decision_rates import decision_rates
from device.evaluation.protocol import decide
from device.evaluation.settings import AttemptRates, DecisionRates
from train.report.bundle.measuring import CURVE_S, rates_of_attempts
from train.report.bundle.model import Model
from train.report.bundle.planning import Embedded, protocol_of


@dataclass(frozen=True, slots=True)
class Age:
    """What is left of an enrolment in one session; the first is the rest of the session it was made in."""

    session: str
    enrolled: int
    mated_llr: float | None
    """Median of mated comparisons over 12 s; None without any."""
    rates: DecisionRates
    attempts: AttemptRates | None

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares."""
        return {
            "session": self.session,
            "enrolled": self.enrolled,
            "mated_llr": self.mated_llr,
            "over_12_s": self.rates.to_json(),
            "attempts": self.attempts.to_json() if self.attempts else None,
        }


def ages_of(lines: Sequence[Embedded], model: Model, seed: int) -> tuple[list[Age], list[str]]:
    """Each session, in order of name, against enrolments of the first; a line about each that cannot be measured."""
    sessions = sorted({one.timeline.session for one in lines})
    ages, left_out = [], []
    for session in sessions:
        try:
            ages.append(_age(lines, sessions[0], session, model, seed))
        except SignalError as error:
            left_out.append(f"{session}: {error}")
    return ages, left_out


def _age(lines: Sequence[Embedded], enrolled_in: str, session: str, model: Model, seed: int) -> Age:
    settings = Settings(enrol_sessions=(enrolled_in,), probe_sessions=(session,))
    protocol = protocol_of(lines, settings, model)
    decisions = decide(protocol.enrolled, protocol.scorer, windows_in(CURVE_S, model.spec))
    attempts = attempt(protocol.enrolled, protocol.scorer, model.boundaries.max_windows)
    return Age(
        session=session,
        enrolled=len(protocol.enrolled),
        mated_llr=float(np.median(decisions.mated)) if decisions.mated.size else None,
        rates=decision_rates(CURVE_S, decisions, seed),
        attempts=rates_of_attempts(attempts, model, seed),
    )
