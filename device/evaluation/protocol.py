"""Who is enrolled from what, and probed with what: enrolment and probe windows can never be the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.comparison import Scorer, pooled
from device.decision import Accumulator, Filled, GivenUp
from device.enrolment import MIN_GOOD_WINDOWS
from device.evaluation.settings import Settings
from device.evaluation.timelines import Timeline


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

    @property
    def enrollable(self) -> bool:
        """Whether there are enough good windows, by the device's own rule."""
        return len(self.enrolment) >= MIN_GOOD_WINDOWS


def _matches(session: str, prefixes: tuple[str, ...]) -> bool:
    return any(session.startswith(prefix) for prefix in prefixes)


class Selector:
    """Says which recordings an evaluation needs, before any is read, and plans each person from them.

    Without sessions, a person is enrolled from the start of their first recording and probed with the rest of
    that same recording: figures of one sitting and of other days are never mixed. `enrol_sessions` choose the
    recordings to enrol from (one after the other until the time is full), `probe_sessions` those to probe
    with.
    """

    def __init__(self, settings: Settings, enrol_windows: int) -> None:
        self._settings = settings
        self._enrol_windows = enrol_windows
        self._first: dict[str, str] = {}

    def wants(self, subject: str, key: str, session: str) -> bool:
        """Whether this recording (`key` among its subject's) is used; asked of each, in file order."""
        first = self._first.setdefault(subject, key) == key
        enrols = _matches(session, self._settings.enrol_sessions) if self._settings.enrol_sessions else first
        return enrols or _matches(session, self._settings.probe_sessions)

    def plan(self, subject: str, timelines: Sequence[Timeline]) -> Plan:
        """Split one person's time lines, in file order, into enrolment and probes."""
        settings = self._settings
        enrolling = [t for t in timelines if _matches(t.session, settings.enrol_sessions)]
        if not settings.enrol_sessions:
            enrolling = list(timelines[:1])
        left = self._enrol_windows
        starts: dict[int, int] = {}
        good: list[NDArray[np.float32]] = []
        for timeline in enrolling:
            used = min(left, len(timeline.embeddings))
            starts[id(timeline)] = used
            good += [e for e in timeline.embeddings[:used] if e is not None]
            left -= used
        probing = [t for t in timelines if _matches(t.session, settings.probe_sessions)]
        if not settings.probe_sessions:
            probing = enrolling
        return Plan(subject, tuple(good), tuple(Probe(t, starts.get(id(t), 0)) for t in probing))


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions of `windows` windows: scores (n, m) with every reference, `own` (n,) each probe's column."""

    scores: NDArray[np.float64]
    own: NDArray[np.intp]
    not_acquired: int
    windows: int

    @property
    def mated(self) -> NDArray[np.float64]:
        """Scores (n,) of each probe with its own person's reference."""
        return self.scores[self._own_cells()]

    @property
    def non_mated(self) -> NDArray[np.float64]:
        """Scores (n * (m - 1),) of each probe with everybody else's references."""
        return self.scores[~self._own_cells()]

    def _own_cells(self) -> NDArray[np.bool_]:
        cells = np.zeros(self.scores.shape, dtype=np.bool_)
        cells[np.arange(len(self.own)), self.own] = True
        return cells


def references_of(plans: Iterable[Plan]) -> NDArray[np.float32]:
    """The references (m, d) of people who could be enrolled, in their order."""
    return np.stack([pooled(plan.enrolment) for plan in plans])


def decide(plans: Sequence[Plan], scorer: Scorer, windows: int) -> Decisions:
    """Run every probe of every enrolled person through the device's accumulator; `scorer` knows their references."""
    rows: list[NDArray[np.float64]] = []
    own: list[int] = []
    given_up = 0
    for position, plan in enumerate(plans):
        for probe in plan.probes:
            accumulator = Accumulator(windows)
            timeline = probe.timeline
            for epoch, embedding in zip(
                timeline.epochs[probe.start :], timeline.embeddings[probe.start :], strict=True
            ):
                outcome = accumulator.add(epoch, embedding)
                if isinstance(outcome, Filled):
                    rows.append(scorer.scores(outcome.probe))
                    own.append(position)
                given_up += isinstance(outcome, GivenUp)
    stacked = np.stack(rows) if rows else np.empty((0, len(plans)))
    return Decisions(stacked, np.asarray(own, dtype=np.intp), given_up, windows)
