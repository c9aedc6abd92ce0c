"""Who is enrolled from what, and probed with what: enrolment and probe windows never share a sample."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.comparison import Scorer, pooled
from device.decision import Accumulator, Evidence, GivenUp
from device.enrolment import min_good_windows, windows_in
from device.errors import SignalError, SignalReason
from device.evaluation.settings import Settings
from device.evaluation.timelines import Timeline
from device.frontend import FrontEndSpec
from device.metrics import own_cells


@dataclass(frozen=True, slots=True)
class Probe:
    """A time line from window `start` on."""

    timeline: Timeline
    start: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One person's evaluation: the good windows to enrol from, and the probes."""

    subject: str
    enrolment: tuple[NDArray[np.float32], ...]
    probes: tuple[Probe, ...]
    enrollable: bool
    """Whether there are enough good windows, by the device's own rule."""


def _matches(session: str, prefixes: tuple[str, ...]) -> bool:
    return any(session.startswith(prefix) for prefix in prefixes)


class Selector:
    """Says which recordings an evaluation needs, before any is read, and plans each person from them.

    Without sessions, a person is enrolled from the start of their first recording and probed with the rest of
    that same recording: figures of one sitting and of other days are never mixed. `enrol_sessions` choose the
    recordings to enrol from (those of each prefix one after the other until the time is full), `probe_sessions` those
    to probe with.
    """

    def __init__(self, settings: Settings, spec: FrontEndSpec) -> None:
        """
        Raises:
            SignalError: TOO_FEW_GOOD_WINDOWS, where so short a time cannot hold an enrolment.
        """
        self._settings = settings
        self._enrol_windows = windows_in(settings.enrol_seconds, spec)
        self._needed = min_good_windows(spec)
        # The first windows after an enrolment still hold samples of it.
        self._overlapping = math.ceil(spec.window_samples / spec.hop_samples) - 1
        self._first: dict[str, str] = {}
        if self._enrol_windows < self._needed:
            raise SignalError(
                SignalReason.TOO_FEW_GOOD_WINDOWS,
                f"an enrolment needs {self._needed} windows, {settings.enrol_seconds:g} s hold {self._enrol_windows}",
            )

    def wants(self, subject: str, key: str, session: str) -> bool:
        """Whether this recording (`key` among its subject's) is used; asked of each, in file order."""
        first = self._first.setdefault(subject, key) == key
        enrols = _matches(session, self._settings.enrol_sessions) if self._settings.enrol_sessions else first
        return enrols or _matches(session, self._settings.probe_sessions)

    def plan(self, subject: str, timelines: Sequence[Timeline]) -> Plan:
        """Split one person's time lines, in file order, into enrolment and probes."""
        settings = self._settings
        enrolling = [[t for t in timelines if t.session.startswith(prefix)] for prefix in settings.enrol_sessions]
        if not settings.enrol_sessions:
            enrolling = [list(timelines[:1])]
        starts: dict[int, int] = {}
        good: list[NDArray[np.float32]] = []
        for session in enrolling:
            left = self._enrol_windows
            for timeline in session:
                used = min(left, len(timeline.embeddings))
                starts[id(timeline)] = used + self._overlapping if used else 0
                good += [e for e in timeline.embeddings[:used] if e is not None]
                left -= used
        probing = [t for t in timelines if _matches(t.session, settings.probe_sessions)]
        if not settings.probe_sessions:
            probing = [timeline for session in enrolling for timeline in session]
        probes = tuple(Probe(t, starts.get(id(t), 0)) for t in probing)
        return Plan(subject, tuple(good), probes, len(good) >= self._needed)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Comparisons of `windows` windows: log-likelihood ratios (n, m), `own` (n,) the column of each probe's person."""

    scores: NDArray[np.float64]
    own: NDArray[np.intp]
    not_acquired: int
    windows: int

    @property
    def mated(self) -> NDArray[np.float64]:
        """Scores (n,) of each probe with its own person's reference."""
        return self.scores[own_cells(self.scores, self.own)]

    @property
    def non_mated(self) -> NDArray[np.float64]:
        """Scores (n * (m - 1),) of each probe with everybody else's references."""
        return self.scores[~own_cells(self.scores, self.own)]


def references_of(plans: Iterable[Plan]) -> NDArray[np.float32]:
    """The references (m, d) of people who could be enrolled, in their order."""
    return np.stack([pooled(plan.enrolment) for plan in plans])


def attempts_of(probe: Probe, windows: int) -> Iterator[list[Evidence] | GivenUp]:
    """One after the other, what the device's accumulator has after each of `windows` good windows, or gives up."""
    accumulator = Accumulator(windows)
    timeline = probe.timeline
    so_far: list[Evidence] = []
    for epoch, embedding in zip(timeline.epochs[probe.start :], timeline.embeddings[probe.start :], strict=True):
        outcome = accumulator.add(epoch, embedding)
        if isinstance(outcome, GivenUp):
            yield outcome
        elif outcome is not None:
            # An attempt that a new epoch cut off is over, and counts for nothing.
            so_far = [*so_far, outcome] if outcome.windows > 1 else [outcome]
            if outcome.windows == windows:
                yield so_far


def decide(plans: Sequence[Plan], scorer: Scorer, windows: int) -> Decisions:
    """Compare every probe of exactly so many windows with every enrolled person; `scorer` knows their references."""
    rows: list[NDArray[np.float64]] = []
    own: list[int] = []
    given_up = 0
    for position, plan in enumerate(plans):
        for attempt in (one for probe in plan.probes for one in attempts_of(probe, windows)):
            if isinstance(attempt, GivenUp):
                given_up += 1
            else:
                rows.append(scorer.llr(attempt[-1].probe, windows))
                own.append(position)
    stacked = np.stack(rows) if rows else np.empty((0, len(plans)))
    return Decisions(stacked, np.asarray(own, dtype=np.intp), given_up, windows)
