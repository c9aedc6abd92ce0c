"""Runs an evaluation: cohort -> time lines -> enrolment -> decisions -> error rates."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from device.advice import explain
from device.bundle import Bundle
from device.comparison import comparator_of, known_recordings
from device.decision import boundaries_at
from device.embedders import Embedder
from device.enrolment import windows_in
from device.errors import SignalError, SignalReason
from device.evaluation.attempt_rates import attempt_rates
from device.evaluation.attempts import attempt
from device.evaluation.decision_rates import decision_rates
from device.evaluation.protocol import Plan, Selector, decide, references_of
from device.evaluation.settings import Result, Settings
from device.evaluation.timelines import Timeline, timelines_of
from device.frontend import Reason
from firmware_bridge.recordings import Cohort, Recording, read_cohort

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
    selector = Selector(settings, spec)
    boundaries = boundaries_at(bundle.manifest.decision, settings.fmr)
    timelines, known = _read(read_cohort(cohort_path), bundle, embedder, selector, progress)
    plans = [selector.plan(subject, lines) for subject, lines in timelines.items()]
    enrolled = [plan for plan in plans if plan.enrollable]
    reasons = sum((line.reasons for lines in timelines.values() for line in lines), Counter[Reason]())
    windows = sum(len(line.embeddings) for lines in timelines.values() for line in lines)
    _refuse_too_few(plans, enrolled, reasons, cohort_path)
    scorer = comparator_of(bundle).against(references_of(enrolled))
    attempts = attempt(enrolled, scorer, boundaries.max_windows)
    return Result(
        cohort=cohort_path.name,
        model_id=bundle.manifest.model_id,
        precision=precision,
        runtime=embedder.runtime,
        people=len(plans),
        known=known,
        enrolled=len(enrolled),
        not_enrolled=tuple(plan.subject for plan in plans if not plan.enrollable),
        windows=windows,
        fta=reasons.total() / windows,
        settings=settings,
        decisions=tuple(
            decision_rates(seconds, decide(enrolled, scorer, windows_in(seconds, spec)), settings.seed)
            for seconds in settings.decision_seconds
        ),
        attempts=attempt_rates(attempts, boundaries, spec, settings.seed) if attempts.own.size else None,
    )


def _read(
    cohort: Cohort, bundle: Bundle, embedder: Embedder, selector: Selector, progress: Progress
) -> tuple[dict[str, list[Timeline]], int]:
    """Time lines of everybody wanted, and how many of their recordings were left out: the model knows their people."""
    keys = cohort.sessions if cohort.windowed else cohort.records
    # Asked before any record is decoded: what is not used is never read.
    wanted = [
        i for i in range(len(cohort)) if selector.wants(str(cohort.subjects[i]), str(keys[i]), str(cohort.sessions[i]))
    ]
    known = known_recordings(bundle)
    left_out = 0

    def strangers() -> Iterator[Recording]:
        nonlocal left_out
        for recording in map(cohort.__getitem__, wanted):
            if recording.fingerprint in known:
                left_out += 1
            else:
                yield recording

    timelines: dict[str, list[Timeline]] = {}
    for timeline in timelines_of(strangers(), embedder, bundle.front_end, windowed=cohort.windowed):
        progress(timeline.subject)
        timelines.setdefault(timeline.subject, []).append(timeline)
    return timelines, left_out


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
