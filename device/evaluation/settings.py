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
    fmr: float | None = None
    """The false match rate the device is asked to keep; None: its default."""
    seed: int = 0


Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class GalleryRates:
    """Open-set identification among `size` people enrolled, on average over galleries drawn at random.

    `fpir`: how often somebody not in the gallery is taken for one who is; `fnir`: how often somebody in it is not
    named.
    """

    size: int
    fpir: float
    fnir: float

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class AttemptRates:
    """Attempts as the device makes them, at its own boundaries; times are of signal, None where nothing happened."""

    accept_llr: float
    mated: int
    non_mated: int
    given_up: int
    """Attempts that were begun and given up for want of good windows."""
    false_matches: int
    fmr: float
    fmr_ci95: Interval
    fnmr: float
    fnmr_ci95: Interval
    median_accept_s: float | None
    """Of mated attempts that were accepted."""
    median_reject_s: float | None
    """Of non-mated attempts that were rejected."""
    cllr: float
    """Cost of the ratios after the last window, in bits; `least_cllr` is that of a perfect calibration."""
    least_cllr: float
    identification: tuple[GalleryRates, ...]

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares, not per cent."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {
            "fmr_ci95": _pair(self.fmr_ci95),
            "fnmr_ci95": _pair(self.fnmr_ci95),
            "identification": [one.to_json() for one in self.identification],
        }


@dataclass(frozen=True, slots=True)
class DecisionRates:
    """The error rates of comparisons of one length; None where there are too few people or comparisons to tell."""

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
    attempts: AttemptRates | None
    """None where nobody had enough good windows for one."""
    known: int = 0
    """Recordings left out, since the model knows their people from its training or its cohort."""

    @property
    def fte(self) -> float:
        """Failure to enrol: the share of people with too few good windows."""
        return len(self.not_enrolled) / self.people

    def to_json(self) -> dict[str, Any]:
        """One JSON object; the keys of the decisions are their lengths in seconds."""
        return {
            "cohort": self.cohort,
            "people": self.people,
            "known": self.known,
            "fta": self.fta,
            "decisions": {f"{rates.seconds:g}": rates.to_json() for rates in self.decisions},
            "attempts": self.attempts.to_json() if self.attempts else None,
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
            "fmr": self.settings.fmr,
            "seed": self.settings.seed,
        }
