"""Runs an evaluation: cohort -> time lines -> enrolment -> decisions -> error rates."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.advice import explain
from device.bootstrap import people_intervals
from device.bundle import Bundle
from device.comparison import comparator_of
from device.embedders import Embedder
from device.enrolment import MIN_GOOD_WINDOWS, windows_in
from device.errors import SignalError, SignalReason
from device.evaluation.protocol import Decisions, Plan, Selector, decide, references_of
from device.evaluation.settings import FMRS, AtThreshold, DecisionRates, Result, Settings
from device.evaluation.timelines import Timeline, timelines_of
from device.frontend import FrontEndSpec, Reason
from device.metrics import equal_error_rate, fnmr_at_fmr, rank_one, supports_fmr
from firmware_bridge.recordings import Cohort, read_cohort

Progress = Callable[[str], None]


def evaluate(
    bundle: Bundle,
    embedder: Embedder,
    cohort_path: Path,
    settings: Settings,
    *,
    precision: str = "int8",
    progress: Progress = lambda _: None,
) -> Result:
    """Measure a model on a cohort file; `progress` is told each person's name when they are read.

    Raises:
        RecordingError: the file cannot be used.
        SignalError: TOO_FEW_PEOPLE or TOO_FEW_GOOD_WINDOWS, where there is nothing to measure.
    """
    spec = bundle.front_end
    selector = Selector(settings, _enrol_windows(settings, spec))
    timelines = _read(read_cohort(cohort_path), bundle, embedder, selector, progress)
    plans = [selector.plan(subject, lines) for subject, lines in timelines.items()]
    enrolled = [plan for plan in plans if plan.enrollable]
    reasons = sum((line.reasons for lines in timelines.values() for line in lines), Counter[Reason]())
    windows = sum(len(line.embeddings) for lines in timelines.values() for line in lines)
    _refuse_too_few(plans, enrolled, reasons, cohort_path)
    rates = tuple(
        _rates(seconds, decisions, bundle.manifest.decision.threshold, settings.seed)
        for seconds, decisions in _decisions(enrolled, settings, bundle)
    )
    return Result(
        cohort=cohort_path.name,
        model_id=bundle.manifest.model_id,
        precision=precision,
        runtime=embedder.runtime,
        people=len(plans),
        enrolled=len(enrolled),
        not_enrolled=tuple(plan.subject for plan in plans if not plan.enrollable),
        windows=windows,
        fta=reasons.total() / windows,
        settings=settings,
        decisions=rates,
    )


def _enrol_windows(settings: Settings, spec: FrontEndSpec) -> int:
    windows = windows_in(settings.enrol_seconds, spec)
    if windows < MIN_GOOD_WINDOWS:
        raise SignalError(
            SignalReason.TOO_FEW_GOOD_WINDOWS,
            f"an enrolment needs {MIN_GOOD_WINDOWS} windows, {settings.enrol_seconds:g} s hold {windows}",
        )
    return windows


def _read(
    cohort: Cohort, bundle: Bundle, embedder: Embedder, selector: Selector, progress: Progress
) -> dict[str, list[Timeline]]:
    keys = cohort.sessions if cohort.windowed else cohort.records
    # Asked before any record is decoded: what is not used is never read.
    wanted = [
        i for i in range(len(cohort)) if selector.wants(str(cohort.subjects[i]), str(keys[i]), str(cohort.sessions[i]))
    ]
    recordings = (cohort[i] for i in wanted)
    timelines: dict[str, list[Timeline]] = {}
    for timeline in timelines_of(recordings, embedder, bundle.front_end, windowed=cohort.windowed):
        progress(timeline.subject)
        timelines.setdefault(timeline.subject, []).append(timeline)
    return timelines


def _refuse_too_few(plans: list[Plan], enrolled: list[Plan], reasons: Counter[Reason], cohort_path: Path) -> None:
    if len(plans) < 2:
        raise SignalError(
            SignalReason.TOO_FEW_PEOPLE,
            f"{cohort_path}: error rates need at least two people, recordings that match are of {len(plans)}",
        )
    if len(enrolled) < 2:
        raise SignalError(
            SignalReason.TOO_FEW_GOOD_WINDOWS,
            f"{cohort_path}: {len(enrolled)} of {len(plans)} people have enough good windows to enrol; "
            f"{explain(reasons)}",
        )


def _decisions(enrolled: list[Plan], settings: Settings, bundle: Bundle) -> Iterator[tuple[float, Decisions]]:
    scorer = comparator_of(bundle).against(references_of(enrolled))
    for seconds in settings.decision_seconds:
        yield seconds, decide(enrolled, scorer, windows_in(seconds, bundle.front_end))


def _rates(seconds: float, decisions: Decisions, threshold: float, seed: int) -> DecisionRates:
    scores, own = decisions.scores, decisions.own
    mated, non_mated = decisions.mated, decisions.non_mated
    known = bool(mated.size)
    supported = {fmr: known and supports_fmr(non_mated.size, fmr) for fmr in FMRS}
    # The same seed for every length: their intervals then come of the same draws of people.
    intervals = people_intervals(scores, own, FMRS, np.random.default_rng(seed)) if known else None
    return DecisionRates(
        seconds=seconds,
        windows=decisions.windows,
        mated=mated.size,
        non_mated=non_mated.size,
        probed_people=np.unique(own).size,
        not_acquired=decisions.not_acquired,
        eer=equal_error_rate(mated, non_mated) if known else None,
        eer_ci95=intervals.eer if intervals else None,
        fnmr_at_fmr={f: fnmr_at_fmr(mated, non_mated, f) if ok else None for f, ok in supported.items()},
        fnmr_at_fmr_ci95={f: intervals.fnmr_at_fmr[f] if ok and intervals else None for f, ok in supported.items()},
        rank1=rank_one(scores, own) if known else None,
        rank1_ci95=intervals.rank_one if intervals else None,
        at_threshold=_at_threshold(decisions, mated, non_mated, threshold),
    )


def _at_threshold(
    decisions: Decisions, mated: NDArray[np.float64], non_mated: NDArray[np.float64], threshold: float
) -> AtThreshold:
    best = decisions.scores.argmax(axis=1) if len(decisions.own) else decisions.own
    wrong = (best != decisions.own) & (decisions.scores.max(axis=1, initial=-np.inf) >= threshold)
    false_matches, false_non_matches = int((non_mated >= threshold).sum()), int((mated < threshold).sum())
    return AtThreshold(
        threshold=threshold,
        fmr=false_matches / non_mated.size if non_mated.size else None,
        fnmr=false_non_matches / mated.size if mated.size else None,
        false_matches=false_matches,
        false_non_matches=false_non_matches,
        identified_wrongly=int(wrong.sum()),
    )
