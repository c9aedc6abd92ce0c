"""The live chain: board messages -> front end -> embedder -> decision -> events.

Generators over any iterable of messages, with an injected clock: the same chain runs on a board, on a
simulated one, and on a list in a test.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from device.advice import advice_for, explain
from device.comparison import Comparator
from device.decision import Accept, Accumulator, Boundaries, Evidence, GivenUp, identify
from device.embedders import Embedder
from device.enrolment import Enrolment
from device.errors import SignalError, SignalReason
from device.events import (
    EnrolmentProgress,
    Event,
    Identified,
    NotAcquired,
    PresentationAttack,
    PresentationChecked,
    SignalBad,
    SourceSeen,
    Summary,
    Unknown,
    WindowScored,
)
from device.frontend import BoardFrontEnd, Reason, Window
from device.gallery import References
from device.link_events import LinkNews, describe, link_event
from device.presentation.detector import PresentationDetector
from device.presentation.findings import PresentationReason, State
from firmware_bridge import (
    BoardInfo,
    CommandAnswered,
    LinkStatistics,
    Message,
    SampleBlock,
    SketchInfo,
)

Clock = Callable[[], float]
# A lasting fault is told again every so many windows (12 s, half overlapping): often enough to be followed,
# seldom enough to be read.
_REPEAT_ADVICE = 10


@dataclass(slots=True)
class Tally:
    """What was counted so far."""

    windows: int = 0
    good_windows: int = 0
    identified: int = 0
    unknown: int = 0
    not_acquired: int = 0
    attacks: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    @property
    def decisions(self) -> int:
        """Decisions made, any way."""
        return self.identified + self.unknown + self.attacks


class Source:
    """Turns board messages into windows and events about the link."""

    def __init__(self, front_end: BoardFrontEnd, now: Clock) -> None:
        self._front_end = front_end
        self._now = now
        self._described = ""
        self.lost_samples = 0

    def windows(self, messages: Iterable[Message]) -> Iterator[Window | Event]:
        """Windows in order, and what happened to the link between them."""
        for message in messages:
            if isinstance(message, SampleBlock):
                yield from self._front_end.feed(message)
            elif isinstance(message, BoardInfo | SketchInfo):
                yield from self._describe(message)
            elif not isinstance(message, CommandAnswered):
                yield self._of_link(message)

    def begin_epoch(self) -> None:
        """Let the next sample start a new epoch."""
        self._front_end.begin_epoch()

    def _of_link(self, message: LinkNews) -> Event:
        if isinstance(message, LinkStatistics):
            self.lost_samples = message.lost
        return link_event(message, self._now())

    def _describe(self, message: BoardInfo | SketchInfo) -> Iterator[Event]:
        # A board says what it is every second; only news is an event.
        description = describe(message)
        if description != self._described:
            self._described = description
            yield SourceSeen(self._now(), description)


class Recogniser:
    """Names the wearer of a live pulse, or says that it is nobody enrolled."""

    def __init__(
        self,
        *,
        front_end: BoardFrontEnd,
        embedder: Embedder,
        references: References,
        comparator: Comparator,
        boundaries: Boundaries,
        decisions: int | None = None,
        presentation: PresentationDetector | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """After `decisions` decisions it is `done` and only listens for the end of the link.

        `presentation` sees the messages first, and nobody is named whom it has not passed. `clock` is read for the
        events' times only.
        """
        self._started = clock()
        self._clock = clock
        self._source = Source(front_end, self._now)
        self._embedder = embedder
        self._comparator = comparator
        self._boundaries_of_one = boundaries
        self._decisions = decisions
        self._presentation = presentation or PresentationDetector(())
        self._accumulator = Accumulator(boundaries.max_windows)
        self._bad_run = 0
        self._last_reason: Reason | None = None
        self.last_accept: Accept | None = None
        self.tally = Tally()
        self.compare_with(references)

    def compare_with(self, references: References) -> None:
        """Compare with these from now on; an attempt that was begun is forgotten."""
        self._references = references
        self._scorer = self._comparator.against(references.embeddings)
        self.boundaries = self._boundaries_of_one.among(len(references.names))
        self.forget_attempt()

    def begin_sitting(self) -> None:
        """The sensor was put on: begin with the next sample, untouched by the step of the light that it made."""
        self._source.begin_epoch()
        self.forget_attempt()

    def forget_attempt(self) -> None:
        """Begin anew with the next window: what was collected may be another wearer's."""
        self._accumulator.reset()
        self._presentation.reset()

    def _now(self) -> float:
        return self._clock() - self._started

    @property
    def people(self) -> int:
        """How many are enrolled."""
        return len(self._references.names)

    @property
    def done(self) -> bool:
        """Whether as many decisions as were asked for have been made."""
        return self._decisions is not None and self.tally.decisions >= self._decisions

    def events(self, messages: Iterable[Message]) -> Iterator[Event]:
        """Everything that happens, as it happens; ends when the messages do."""
        for item in self._source.windows(self._presentation.watch(messages)):
            if not isinstance(item, Window):
                yield item
            elif not self.done:
                yield from self.take(item)

    def take(self, window: Window) -> Iterator[Event]:
        """Judge, embed and weigh the next window; a sensor without a finger ends the attempt."""
        self.tally.windows += 1
        reason = window.quality.reason
        if reason is Reason.NO_FINGER:
            self.forget_attempt()
        embedding: NDArray[np.float32] | None = None
        if reason is None:
            self.tally.good_windows += 1
            self._bad_run = 0
            embedding = self._embedder.embed(window.pulse)
        else:
            self.tally.reasons[reason] += 1
            yield from self._advise(reason, window.quality.sqi)
        self._last_reason = reason
        outcome = self._accumulator.add(window.epoch, embedding)
        if isinstance(outcome, GivenUp):
            self.tally.not_acquired += 1
            self.forget_attempt()
            yield NotAcquired(self._now(), outcome.good, outcome.seen)
        elif outcome is not None:
            yield from self._weigh(outcome, window.quality.sqi)

    def _advise(self, reason: Reason, sqi: float) -> Iterator[Event]:
        self._bad_run = self._bad_run + 1 if reason is self._last_reason else 1
        if self._bad_run % _REPEAT_ADVICE == 1:
            yield SignalBad(self._now(), reason, advice_for(reason), sqi)

    def _weigh(self, evidence: Evidence, sqi: float) -> Iterator[Event]:
        llr = self._scorer.llr(evidence.probe, evidence.windows)
        yield WindowScored(self._now(), self.tally.windows, sqi, float(llr.max()), evidence.windows)
        best = identify(llr, evidence.windows, self.boundaries)
        if best is None:
            return
        if best.accepted and self._presentation.checks:
            proof = self._presentation.verdict
            if proof.state is State.PENDING and evidence.windows < self.boundaries.max_windows:
                return
            yield PresentationChecked(self._now(), *self._presentation.told())
            if proof.state is not State.PASSED:
                self.tally.attacks += 1
                self.forget_attempt()
                yield PresentationAttack(self._now(), proof.reason or PresentationReason.NOT_PROVEN, proof.text)
                return
        self.forget_attempt()
        accept_llr = self.boundaries.accept_llr
        if best.accepted:
            self.tally.identified += 1
            self.last_accept = Accept(evidence.probe, best.llr - accept_llr)
            person = self._references.names[best.position]
            yield Identified(self._now(), person, best.llr, accept_llr, evidence.windows)
        else:
            self.tally.unknown += 1
            yield Unknown(self._now(), best.llr, accept_llr, evidence.windows)

    def summary(self) -> Summary:
        """What the run did so far."""
        tally = self.tally
        return Summary(
            time_s=self._now(),
            windows=tally.windows,
            good_windows=tally.good_windows,
            decisions=tally.decisions,
            identified=tally.identified,
            unknown=tally.unknown,
            not_acquired=tally.not_acquired,
            lost_samples=self._source.lost_samples,
            presentation_attacks=tally.attacks,
        )

    def refuse_if_no_good_window(self) -> None:
        """Say why there was nothing to decide on.

        Raises:
            SignalError: NO_SAMPLES or TOO_FEW_GOOD_WINDOWS, where not one window could be used.
        """
        if not self.tally.windows:
            raise SignalError(SignalReason.NO_SAMPLES, f"nothing to decide on: {explain(self.tally.reasons)}")
        if not self.tally.good_windows:
            raise SignalError(
                SignalReason.TOO_FEW_GOOD_WINDOWS,
                f"no good window among {self.tally.windows}; {explain(self.tally.reasons)}",
            )


def _heard(messages: Iterable[Message], enrolment: Enrolment) -> Iterator[Message]:
    """The messages, of which the enrolment hears what the board says of its LED."""
    for message in messages:
        if isinstance(message, BoardInfo):
            enrolment.led_current(message.ir_current_ua)
        yield message


def enrol_from(
    messages: Iterable[Message],
    *,
    front_end: BoardFrontEnd,
    enrolment: Enrolment,
    clock: Clock = time.monotonic,
) -> Iterator[Event]:
    """Feed an enrolment until it is finished or the messages end; progress after every window."""
    started = clock()
    for item in Source(front_end, lambda: clock() - started).windows(_heard(messages, enrolment)):
        if isinstance(item, Window):
            enrolment.add(item)
            yield EnrolmentProgress(
                clock() - started,
                enrolment.elapsed_s,
                enrolment.good_s,
                enrolment.wanted_s,
                enrolment.stability,
                enrolment.advice,
            )
        else:
            yield item
        if enrolment.finished:
            return
