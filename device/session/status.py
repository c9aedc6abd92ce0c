"""How a session stands, gathered from its events: what every view shows."""

from collections import deque
from dataclasses import dataclass, field

from device.events import (
    EnrolmentProgress,
    Event,
    FingerChanged,
    Identified,
    LinkCounted,
    LinkDown,
    LinkUp,
    LockChanged,
    NotAcquired,
    PinAccepted,
    PinNeeded,
    PresentationChecked,
    SignalBad,
    SourceSeen,
    TryRefused,
    Unknown,
    WindowScored,
)
from device.output import narrate

KEPT = 50
"""Sentences that are remembered."""


@dataclass(slots=True)
class Status:
    """The newest of everything; take events in order."""

    source: str = "no board yet"
    link: str = ""
    finger: bool = False
    advice: str = ""
    sqi: float | None = None
    llr: float | None = None
    evidence_windows: int = 0
    locked: bool = True
    person: str = ""
    reason: str = ""
    pin_due: bool = False
    put_on_s: float | None = None
    took_s: float | None = None
    enrolment: EnrolmentProgress | None = None
    told: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))

    def take(self, event: Event) -> None:
        """Note what an event changes, and its sentence."""
        if isinstance(event, WindowScored):
            self.sqi, self.llr, self.evidence_windows, self.advice = (
                event.sqi,
                event.best_llr,
                event.evidence_windows,
                "",
            )
        elif isinstance(event, SignalBad):
            self.sqi, self.advice = event.sqi, f"{event.reason.value}: {event.advice}"
        elif isinstance(event, FingerChanged):
            self._put_on(event)
        elif isinstance(event, LockChanged):
            self._turn(event)
        elif isinstance(event, Unknown | NotAcquired):
            self.llr, self.evidence_windows = None, 0
        elif isinstance(event, EnrolmentProgress):
            self.enrolment, self.advice = event, event.advice
            return
        elif isinstance(event, SourceSeen):
            self.source = event.description
        elif isinstance(event, LinkCounted):
            forged = f", {event.forged} forged" if event.forged else ""
            self.link = f"{event.samples} samples, {event.lost} lost, {event.corrupt} corrupt{forged}"
        else:
            self._heed(event)
        self._tell(event)

    def _heed(self, event: Event) -> None:
        if isinstance(event, LinkDown):
            self.link = "board gone: waiting for it"
        elif isinstance(event, LinkUp):
            self.link = "board is back"
        elif isinstance(event, PinNeeded):
            self.pin_due = True
        elif isinstance(event, PinAccepted):
            self.pin_due = False
        elif isinstance(event, TryRefused):
            self.reason = narrate(event)

    def _put_on(self, event: FingerChanged) -> None:
        self.finger = event.on
        self.put_on_s = event.time_s if event.on else None
        self.llr, self.evidence_windows, self.sqi, self.advice = None, 0, None, ""
        self.pin_due &= event.on

    def _turn(self, event: LockChanged) -> None:
        self.locked, self.reason = event.locked, event.reason
        self.person = "" if event.locked else event.person
        if not event.locked:
            self.pin_due = False
            self.took_s = None if self.put_on_s is None else event.time_s - self.put_on_s
        self.llr, self.evidence_windows = None, 0

    def _tell(self, event: Event) -> None:
        if isinstance(event, Identified | PresentationChecked) and not self.locked:
            return  # a wearer who is verified once more is no news
        if text := narrate(event):
            self.told.append(f"{event.time_s:5.0f} s  {text}")
