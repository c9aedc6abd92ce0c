"""What is asked of an evaluation, and what it answers."""

from dataclasses import dataclass
from typing import Any

from device.enrolment import DEFAULT_SECONDS

FMRS = (0.01, 0.001)
DECISION_SECONDS = (2.4, 12.0, 60.0)


@dataclass(frozen=True, slots=True)
class Settings:
    """How people are enrolled and probed; sessions are prefixes; without any, one recording serves both."""

    enrol_seconds: float = DEFAULT_SECONDS
    decision_seconds: tuple[float, ...] = DECISION_SECONDS
    enrol_sessions: tuple[str, ...] = ()
    probe_sessions: tuple[str, ...] = ()
    seed: int = 0


Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """The bundle's own threshold, as it fared: counts and rates."""

    threshold: float
    fmr: float | None
    fnmr: float | None
    false_matches: int
    false_non_matches: int
    identified_wrongly: int
    """Probes of an enrolled person whose best reference was somebody else's, and accepted."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class DecisionRates:
    """The error rates of one decision length; None where the comparisons are too few to tell."""

    seconds: float
    windows: int
    mated: int
    non_mated: int
    probed_people: int
    not_acquired: int
    """Decisions that were begun and given up for want of good windows."""
    eer: float | None
    eer_ci95: Interval
    fnmr_at_fmr: dict[float, float | None]
    fnmr_at_fmr_ci95: dict[float, Interval]
    rank1: float | None
    rank1_ci95: Interval
    at_threshold: AtThreshold

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares, not per cent."""
        rates = {f"fnmr_at_fmr_{fmr:g}": value for fmr, value in self.fnmr_at_fmr.items()}
        intervals = {f"fnmr_at_fmr_{fmr:g}_ci95": _pair(value) for fmr, value in self.fnmr_at_fmr_ci95.items()}
        return {
            "eer": self.eer,
            "eer_ci95": _pair(self.eer_ci95),
            **rates,
            **intervals,
            "rank1": self.rank1,
            "rank1_ci95": _pair(self.rank1_ci95),
            "mated": self.mated,
            "non_mated": self.non_mated,
            "windows": self.windows,
            "probed_people": self.probed_people,
            "not_acquired": self.not_acquired,
            "at_threshold": self.at_threshold.to_json(),
        }


def _pair(interval: Interval) -> list[float] | None:
    return None if interval is None else list(interval)


@dataclass(frozen=True, slots=True)
class Result:
    """An evaluation: `fta`, the share of windows refused by quality; `fte`, of people not enrolled."""

    cohort: str
    model_id: str
    precision: str
    runtime: str
    people: int
    enrolled: int
    not_enrolled: tuple[str, ...]
    windows: int
    fta: float
    settings: Settings
    decisions: tuple[DecisionRates, ...]

    @property
    def fte(self) -> float:
        """Failure to enrol: the share of people with too few good windows."""
        return len(self.not_enrolled) / self.people

    def to_json(self) -> dict[str, Any]:
        """One JSON object; the keys of the decisions are their lengths in seconds."""
        return {
            "cohort": self.cohort,
            "people": self.people,
            "fta": self.fta,
            "decisions": {f"{rates.seconds:g}": rates.to_json() for rates in self.decisions},
            "model_id": self.model_id,
            "precision": self.precision,
            "runtime": self.runtime,
            "enrolled": self.enrolled,
            "fte": self.fte,
            "not_enrolled": list(self.not_enrolled),
            "windows": self.windows,
            "enrol_seconds": self.settings.enrol_seconds,
            "enrol_sessions": list(self.settings.enrol_sessions),
            "probe_sessions": list(self.settings.probe_sessions),
            "seed": self.settings.seed,
        }
