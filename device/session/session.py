"""A running session: messages, requests and time in, events out; it opens and closes the lock, and enrols."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from device.events import (
    Enrolled,
    Event,
    FingerChanged,
    GalleryChanged,
    Identified,
    LockChanged,
    NotAcquired,
    PinAccepted,
    PinNeeded,
    PresentationAttack,
    RequestRefused,
    TryRefused,
    Unknown,
    WindowScored,
)
from device.gallery import Gallery, References
from device.pipeline import Recogniser
from device.session.enrolling import Enrolling
from device.session.finger import Finger
from device.session.inbox import Tick
from device.session.live import LiveSignal
from device.session.lock import Change, Lock, LockReason
from device.session.orders import Enrol, NoteRefusal, PinEntered, Request, StopEnrolling
from device.session.tries import Tries
from device.store.guard import Guard, Verdict
from firmware_bridge import LinkLost, Message, RecordingEnded, SampleBlock
from firmware_bridge.errors import PulsekeyError

Recognise = Callable[[References], Recogniser]


class Session:
    """One lock, one gallery and one board; `run` it.

    `live`, `lock` and `enrolling` may be looked at between events.
    """

    def __init__(
        self,
        *,
        gallery: Gallery,
        guard: Guard,
        model_id: str,
        recognise: Recognise,
        enrolling: Enrolling,
        lock: Lock,
        claim: str = "",
        afresh: bool = False,
        aside: Callable[[Message], None] = lambda message: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            gallery: used by the thread that runs it, and no other.
            guard: of its store.
            model_id: whose references are compared.
            recognise: makes a recogniser that compares with these references.
            enrolling: takes references when asked to.
            lock: starts closed.
            claim: the only person who may open it; empty: anybody enrolled.
            afresh: the claimed person is bound by the PIN, and verified against a reference taken after it.
            aside: hears what no recogniser is given, samples apart: a board says once what it is, perhaps while
                somebody is enrolled, and must not be asked again.
            clock: seconds, never going back.

        Raises:
            GalleryError: UNKNOWN_NAME of a claim, OTHER_MODEL or ALTERED.
        """
        self._gallery, self._model_id, self._recognise = gallery, model_id, recognise
        self._claim, self._afresh = claim, afresh
        self._aside, self._clock = aside, clock
        self._started = clock()
        self.lock = lock
        self.live = LiveSignal()
        self.enrolling = enrolling
        self.tries = Tries(guard, self._now)
        self._finger = Finger()
        self._pin_told = False
        self._fresh: NDArray[np.float32] | None = None
        self._everybody = self._references()
        self.recogniser = recognise(self._everybody) if self._everybody else None

    @property
    def now_s(self) -> float:
        """Seconds since it was made, as the events' times."""
        return self._now()

    def _now(self) -> float:
        return self._clock() - self._started

    def _is_enrolled(self, name: str) -> bool:
        return any(person.name == name for person in self._gallery.people())

    def _references(self) -> References | None:
        if self._claim:
            return self._gallery.reference_of(self._claim, self._model_id)
        return self._gallery.references(self._model_id) if self._gallery.people() else None

    def run(
        self,
        items: Iterable[Message | Request | Tick],
        tell: Callable[[Event], None],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """Heed everything; `tell` hears what happens, `tick` is called after each item.

        The lock is closed, and that told, when the items end, whatever ends them.
        """
        try:
            for item in items:
                for event in self.heed(item):
                    tell(event)
                tick()
        finally:
            for event in self._changed(self.lock.end(LockReason.STOPPED)):
                tell(event)

    def heed(self, item: Message | Request | Tick) -> Iterator[Event]:
        """What comes of one item."""
        for event in self._heed(item):
            yield replace(event, time_s=self._now())

    def _heed(self, item: Message | Request | Tick) -> Iterator[Event]:
        if isinstance(item, Request):
            yield from self._answer(item)
        elif not isinstance(item, Tick):
            yield from self._take(item)
        yield from self._changed(self.lock.tick(self._now()))
        if self._finger.on and self.lock.pin_due(self._now()) != self._pin_told:
            self._pin_told = not self._pin_told
            if self._pin_told:
                yield PinNeeded(self._now())

    def _take(self, message: Message) -> Iterator[Event]:
        if isinstance(message, SampleBlock):
            self.live.take(message)
            yield from self._feel(message)
        elif isinstance(message, LinkLost | RecordingEnded):
            yield from self._changed(self.lock.end(LockReason.LINK_LOST))
            self._leave()
        if (self.enrolling.active or self.recogniser is None) and not isinstance(message, SampleBlock):
            self._aside(message)
        if self.enrolling.active:
            yield from self._enrol(message)
        elif self.recogniser is not None and not (isinstance(message, SampleBlock) and self._is_idle()):
            for event in self.recogniser.events((message,)):
                yield from self._weigh(event)

    def _is_idle(self) -> bool:
        """Whether no pulse could open it now: nobody may try, or the PIN alone does."""
        return self.lock.locked and (self._afresh or self.tries.barred)

    @property
    def _binds_afresh(self) -> bool:
        """Whether a reference taken now may open: not for a claimed person who was forgotten since."""
        return self._afresh and self._everybody is not None

    def _feel(self, block: SampleBlock) -> Iterator[Event]:
        was_on = self._finger.on
        on = self._finger.take(block)
        yield from self._changed(self.lock.sample(self._now(), finger=on))
        if on is not was_on:
            yield FingerChanged(self._now(), on)
            self.live.forget()
            if on:
                self._begin_sitting()
            else:
                self._leave()

    def _begin_sitting(self) -> None:
        if self.recogniser is not None:
            self.recogniser.begin_sitting()
        if self._binds_afresh and not self.lock.pin_due(self._now()):
            self.enrolling.begin_fresh(self._claim)  # the PIN came before the finger

    def _leave(self) -> None:
        """Nothing that was collected may be joined with what comes next."""
        self.tries.abandon()
        self._pin_told, self._fresh = False, None
        if self.enrolling.is_fresh:
            self.enrolling.stop()
        if self.recogniser is not None:
            self.recogniser.forget_attempt()

    def _weigh(self, event: Event) -> Iterator[Event]:
        """Count tries while the lock is closed; while it is open decisions only verify."""
        if isinstance(event, WindowScored) and self.lock.locked:
            barred = self.tries.begin()
            if barred is not None:
                yield _refused(barred)
                return
        if isinstance(event, Identified) and self.lock.locked and not self._may_open(event.person):
            return
        if not (isinstance(event, WindowScored) and self._is_idle()):
            yield event
        if isinstance(event, Identified):
            yield from self._concluded(self.tries.conclude(event.person, accepted=True))
            yield from self._changed(self.lock.recognised(event.person, self._now()))
        elif isinstance(event, Unknown | NotAcquired | PresentationAttack):
            yield from self._concluded(self.tries.conclude("", accepted=False))
            yield from self._changed(None if isinstance(event, NotAcquired) else self.lock.refused())

    def _may_open(self, person: str) -> bool:
        """Whether a try is counted, and they are still enrolled: another program may have forgotten them meanwhile."""
        return self.tries.counted and self._is_enrolled(person)

    def _concluded(self, verdict: Verdict | None) -> Iterator[Event]:
        if verdict is not None:
            yield _refused(verdict)

    def _changed(self, change: Change | None) -> Iterator[Event]:
        if change is None:
            return
        told = LockChanged(self._now(), change.locked, change.person, change.reason.value)
        if change.locked:
            # Before anything that can wait for a disk, or fail: the door is closed by those who hear it.
            yield told
            self._settle(change)
        else:
            self._settle(change)
            yield told

    def _settle(self, change: Change) -> None:
        self._gallery.log("lock", "closed" if change.locked else "opened", change.person)
        if change.locked:
            self._fresh = None
        if self.recogniser is not None and self._everybody is not None:
            if self.lock.needs_pin and change.reason is LockReason.RECOGNISED:
                self._gallery.follow(change.person, self.recogniser.last_accept)
            self.recogniser.compare_with(self._everybody if change.locked else self._bound_to(change.person))

    def _bound_to(self, person: str) -> References:
        """What a wearer who is bound is verified against: the reference of this sitting, or else their own."""
        if self._fresh is not None:
            return References((person,), self._fresh[None, :])
        return self._gallery.reference_of(person, self._model_id)

    def _answer(self, request: Request) -> Iterator[Event]:
        try:
            if isinstance(request, PinEntered):
                yield from self._try_pin(request.digits)
            elif isinstance(request, Enrol):
                self.enrolling.begin(request.name, add=request.add)
            elif isinstance(request, StopEnrolling):
                self.enrolling.stop()
            elif isinstance(request, NoteRefusal):
                self._gallery.log(request.view, "refused")
            else:
                self._gallery.forget(request.name)
                yield from self._regrouped()
        except PulsekeyError as error:
            yield RequestRefused(self._now(), str(error))

    def _try_pin(self, digits: str) -> Iterator[Event]:
        verdict = self.tries.pin(digits)
        if verdict is not None:
            yield _refused(verdict)
            return
        yield PinAccepted(self._now())
        if self._binds_afresh and self._finger.on and self.lock.locked:
            self.enrolling.begin_fresh(self._claim)
        else:
            yield from self._changed(self.lock.pin_entered(self._now()))

    def _enrol(self, message: Message) -> Iterator[Event]:
        try:
            for event in self.enrolling.events(message):
                yield event
                if isinstance(event, Enrolled):
                    yield from self._regrouped()
            self._fresh = self.enrolling.take_fresh()
        except PulsekeyError as error:
            self.enrolling.stop()
            yield RequestRefused(self._now(), str(error))
        if self._fresh is not None:
            yield from self._changed(self.lock.bound_afresh(self._claim, self._now()))

    def _regrouped(self) -> Iterator[Event]:
        """The gallery has changed: compare with those who are in it now."""
        yield from self._changed(self.lock.end(LockReason.STOPPED))
        # First of all nobody: whatever fails now, the references of before are not compared with again.
        self._everybody = self.recogniser = None
        if not self._claim or self._is_enrolled(self._claim):
            self._everybody = self._references()
        self.recogniser = self._recognise(self._everybody) if self._everybody else None
        yield GalleryChanged(self._now(), self._everybody.names if self._everybody else ())


def _refused(verdict: Verdict) -> TryRefused:
    return TryRefused(0.0, verdict.outcome.value, round(verdict.wait_s, 1), verdict.tries_left)
