"""Error rates of any model by the device's own front end, protocol and comparison."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.bootstrap import RESAMPLES, Interval, people_intervals, resampled_rates
from device.calibration import Calibration
from device.comparison import Comparator, Embeddings, Scorer
from device.enrolment import windows_in
from device.evaluation.protocol import Decisions, Plan, Selector, decide, references_of
from device.evaluation.settings import Settings
from device.evaluation.timelines import Timeline, timelines_of
from device.frontend import FrontEndSpec
from device.metrics import eer_of, equal_error_rate, rank_one
from firmware_bridge.recordings import Recording
from train.errors import TrainError, TrainReason
from train.references.models import Model

RAW = Calibration(((1.0, 0.0),))
"""Scores as they are: a line does not change an EER."""
PAIRED_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Sitting:
    """Recordings of people, the settings they are compared with, and their windows in order."""

    name: str
    settings: Settings
    lines: tuple[Timeline, ...]
    """What would be embeddings are the windows themselves, (300,)."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Of comparisons of one length; None where no comparison could be filled."""

    eer: float | None
    eer_ci95: Interval | None
    rank1: float | None
    rank1_ci95: Interval | None
    mated: int
    non_mated: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One model on one sitting; rates by length in seconds."""

    people: int
    enrolled: tuple[str, ...]
    windows: int
    """Good ones."""
    not_embedded: int
    """Of these, the windows that the model could not embed."""
    normalised: dict[float, Rates]
    cosine: dict[float, Rates]
    plans: tuple[Plan, ...]


class _Window:
    """An embedder that keeps the window, so that the front end is run once for all models."""

    embedding_size = 300
    runtime = "none"

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """The window itself."""
        return pulse


class _Cosine(Scorer):
    """Scores that are cosines."""

    def scores(self, probe: Embeddings) -> NDArray[np.float64]:
        """As ``Scorer.scores``."""
        return np.asarray(self._references @ probe.astype(np.float64))


def sit(
    name: str, settings: Settings, recordings: Iterable[Recording], spec: FrontEndSpec, *, windowed: bool
) -> Sitting:
    """The windows of what an evaluation with these settings needs of the recordings, asked for in their order."""
    selector = Selector(settings, spec)
    wanted = (one for one in recordings if selector.wants(one.subject, _key(one, windowed), one.session))
    return Sitting(name, settings, tuple(timelines_of(wanted, _Window(), spec, windowed=windowed)))


def _key(recording: Recording, windowed: bool) -> str:
    return recording.session if windowed else recording.record


def measure(model: Model, cohort: Embeddings, nearest: int, sitting: Sitting, spec: FrontEndSpec) -> Measured:
    """Enrol and probe everyone.

    Args:
        model: what makes the embeddings.
        cohort: (c, d) that scores are normalised by.
        nearest: how many of it are looked at.
        sitting: people and protocol.
        spec: the front end its windows came of.

    Raises:
        TrainError: TOO_FEW_PEOPLE, fewer than two can be enrolled.
    """
    lines = [embedded(line, model.embed) for line in sitting.lines]
    by_subject: dict[str, list[Timeline]] = {}
    for line in lines:
        by_subject.setdefault(line.subject, []).append(line)
    selector = Selector(sitting.settings, spec)
    plans = [selector.plan(subject, own) for subject, own in by_subject.items()]
    enrolled = [plan for plan in plans if plan.enrollable]
    if len(enrolled) < 2:
        raise TrainError(
            TrainReason.TOO_FEW_PEOPLE,
            f"{sitting.name}: {len(enrolled)} of {len(plans)} people can be enrolled by {model.name}; give more",
        )
    comparator = Comparator(cohort, nearest, RAW)
    references = references_of(enrolled)
    scorers = (comparator.against(references), _Cosine(comparator, references.astype(np.float64)))
    normalised, cosine = (
        {s: _rates(decide(enrolled, scorer, windows_in(s, spec))) for s in sitting.settings.decision_seconds}
        for scorer in scorers
    )
    good = [sum(e is not None for line in side for e in line.embeddings) for side in (sitting.lines, lines)]
    names = tuple(plan.subject for plan in enrolled)
    return Measured(len(plans), names, good[0], good[0] - good[1], normalised, cosine, tuple(enrolled))


def embedded(line: Timeline, embed: Callable[[NDArray[np.float32]], list[Embeddings | None]]) -> Timeline:
    """The time line with its good windows embedded; None for one that the model refuses."""
    good = [i for i, window in enumerate(line.embeddings) if window is not None]
    answers: list[Embeddings | None] = [None] * len(line.embeddings)
    if good:
        windows = np.stack([window for window in line.embeddings if window is not None])
        for i, answer in zip(good, embed(windows), strict=True):
            answers[i] = answer
    return replace(line, embeddings=answers)


def _rates(decisions: Decisions) -> Rates:
    mated, non_mated = decisions.mated, decisions.non_mated
    if not mated.size:
        return Rates(None, None, None, None, 0, 0)
    # The seed of ``pulsekey evaluate``, so that its intervals come of the same draws of people.
    intervals = people_intervals(decisions.scores, decisions.own, (), np.random.default_rng(0))
    return Rates(
        equal_error_rate(mated, non_mated),
        intervals.eer,
        rank_one(decisions.scores, decisions.own),
        intervals.rank_one,
        mated.size,
        non_mated.size,
    )


@dataclass(frozen=True, slots=True)
class Side:
    """A model's part in a comparison of two."""

    measured: Measured
    cohort: Embeddings


def eer_difference(first: Side, second: Side, nearest: int, spec: FrontEndSpec) -> tuple[float, Interval] | None:
    """The EER over 12 s of the first minus that of the second, and its 95 % interval over the people both enrolled.

    None where they have fewer than two people in common.
    """
    common = [name for name in first.measured.enrolled if name in second.measured.enrolled]
    if len(common) < 2:
        return None
    weights = np.random.default_rng(0).multinomial(len(common), np.full(len(common), 1 / len(common)), size=RESAMPLES)
    points, drawn = [], []
    for side in (first, second):
        plans = _chosen(side.measured.plans, common)
        scorer = Comparator(side.cohort, min(nearest, len(side.cohort)), RAW).against(references_of(plans))
        decisions = decide(plans, scorer, windows_in(PAIRED_SECONDS, spec))
        points.append(equal_error_rate(decisions.mated, decisions.non_mated))
        drawn.append(resampled_rates(decisions.scores, decisions.own, weights.astype(np.float64)))
    usable = np.all([np.isfinite(rates).all(axis=1) for side in drawn for rates in side], axis=0)
    first_eer, second_eer = (eer_of(fmr[usable], fnmr[usable]) for fmr, fnmr in drawn)
    low, high = np.quantile(first_eer - second_eer, (0.025, 0.975))
    return points[0] - points[1], (float(low), float(high))


def _chosen(plans: Sequence[Plan], subjects: Sequence[str]) -> list[Plan]:
    return [plan for plan in plans if plan.subject in subjects]
