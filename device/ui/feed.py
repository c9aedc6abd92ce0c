"""The session as the page sees it: gathered in the session's thread, read in the page's."""

import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from device.decision import Boundaries
from device.events import (
    Enrolled,
    Event,
    FingerChanged,
    GalleryChanged,
    Identified,
    LinkDown,
    LinkUp,
    LockChanged,
    NotAcquired,
    PinAccepted,
    PresentationAttack,
    RequestRefused,
    TryRefused,
    Unknown,
    WindowScored,
)
from device.frontend import Window
from device.gallery import Person
from device.session.inbox import Tick
from device.session.orders import Request
from device.session.session import Session
from device.session.status import Status
from device.store.guard import Outcome
from device.ui.live_samples import LiveSamples
from firmware_bridge import LinkStatistics, Message, SampleBlock

LOOK_S = 1.0
"""Between two looks at what no event tells: heart rate and link."""
KEPT_WEIGHED = 120
_NOTHING_AMISS: dict[str, Any] = {"unknown": False, "attack": ""}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One point of evidence: the log-likelihood ratio of so many windows together, and what it came to."""

    time_s: float
    llr: float
    windows: int
    outcome: str = ""
    """`accepted`, `refused`, or empty while it goes on."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything but the samples, at one moment; `version` is another whenever anything is."""

    version: int
    now_s: float
    """Of the session's clock, as the events' times."""
    status: Status
    people: tuple[Person, ...]
    boundaries: Boundaries | None
    """None while nobody is enrolled."""
    weighed: tuple[Weighed, ...]
    link: LinkStatistics
    board_away: bool
    heart_rate_bpm: float | None
    since: str
    """When the lock last opened or closed, on this machine's clock."""
    enrolling: str
    """Whose reference is being taken; empty if nobody's."""
    unknown: bool
    """Whether the last decision about this wearer was that they are nobody enrolled."""
    pin_barred: bool
    """Whether so many tries have failed that only the PIN helps."""
    barred_until_s: float
    attack: str
    """Why somebody who was recognised was taken for an attack, until something else is known; empty if nobody was."""
    refusal: str
    """Why the last thing that was asked for was not done; empty if it was."""


class Feed:
    """Give `tap(items)`, `event` and `tick` to `Session.run`; `snapshot` and `samples` are for other threads."""

    def __init__(
        self,
        session: Session,
        *,
        seen: list[Window],
        people: Callable[[], list[Person]],
        totals: Callable[[], LinkStatistics],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seen` takes the windows of the session's front ends; `people` reads the gallery, and `totals` the link."""
        self._session, self._people, self._totals, self._clock = session, people, totals, clock
        self.samples = LiveSamples()
        self._lock = Lock()
        self._status = Status()
        self._weighed: deque[Weighed] = deque(maxlen=KEPT_WEIGHED)
        self._windows = seen
        self._warnings: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._started_s = self._looked_s = clock()
        self._snapshot = Snapshot(
            version=0,
            now_s=0.0,
            status=Status(),
            people=tuple(people()),
            boundaries=self._boundaries(),
            weighed=(),
            link=totals(),
            board_away=False,
            heart_rate_bpm=None,
            since="",
            enrolling="",
            unknown=False,
            pin_barred=False,
            barred_until_s=0.0,
            attack="",
            refusal="",
        )

    def tap(self, items: Iterable[Message | Request | Tick]) -> Iterator[Message | Request | Tick]:
        """The same items; samples are kept on their way, and windows timed."""
        for item in items:
            if not isinstance(item, SampleBlock):
                yield item
                continue
            self.samples.add(item)
            self._windows.clear()
            began_s = self._clock()
            yield item  # comes back when all that follows from it is done
            if self._windows:
                self.samples.judged(self._windows, item, 1e3 * (self._clock() - began_s))

    def event(self, event: Event) -> None:
        """Note an event."""
        self._status.take(event)
        changes = _changes(event)
        if isinstance(event, GalleryChanged | Enrolled):
            changes["people"] = tuple(self._people())
        if isinstance(event, WindowScored | Identified | Unknown):
            self._weigh(event)
        self._renew(**changes)

    def tick(self) -> None:
        """Look, once in a while, at what no event tells; to be called often."""
        now_s = self._clock()
        while not self._warnings.empty():
            self._status.told.append(f"{self.now_s:5.0f} s  warning: {self._warnings.get()}")
            self._renew()
        name = self._session.enrolling.name if self._session.enrolling.active else ""
        if name and name != self._snapshot.enrolling:
            self._status.enrolment = None  # the last one's
            self._renew(enrolling=name, refusal="")
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._renew(
                link=self._totals(),
                heart_rate_bpm=self._session.live.heart_rate_bpm() if self._status.finger else None,
                enrolling=name,
            )
        elif name != self._snapshot.enrolling:
            self._renew(enrolling=name)

    def warn(self, text: str) -> None:
        """Tell something that is no event, with the next tick; from any thread."""
        self._warnings.put(text)

    def snapshot(self) -> Snapshot:
        """How things stand; from any thread."""
        with self._lock:
            return self._snapshot

    @property
    def now_s(self) -> float:
        """Seconds since the start, as in the snapshots; from any thread."""
        return self._clock() - self._started_s

    def _renew(self, **changes: Any) -> None:
        status = replace(self._status, told=self._status.told.copy())
        made = replace(
            self._snapshot,
            version=self._snapshot.version + 1,
            now_s=self.now_s,
            status=status,
            boundaries=self._boundaries(),
            weighed=tuple(self._weighed),
            **changes,
        )
        with self._lock:
            self._snapshot = made

    def _boundaries(self) -> Boundaries | None:
        recogniser = self._session.recogniser
        return None if recogniser is None else recogniser.boundaries

    def _weigh(self, event: WindowScored | Identified | Unknown) -> None:
        if not isinstance(event, WindowScored):
            if self._weighed:
                outcome = "accepted" if isinstance(event, Identified) else "refused"
                self._weighed[-1] = replace(self._weighed[-1], outcome=outcome)
            return
        self._weighed.append(Weighed(event.time_s, event.best_llr, event.evidence_windows))


def _changes(event: Event) -> dict[str, Any]:
    """What an event says beyond `Status`."""
    match event:
        case LockChanged():
            changes = _NOTHING_AMISS | {"since": time.strftime("%H:%M:%S"), "barred_until_s": 0.0}
        case LinkDown() | LinkUp():
            changes = _NOTHING_AMISS | {"board_away": isinstance(event, LinkDown)}
        case FingerChanged() | Identified() | NotAcquired():
            changes = _NOTHING_AMISS
        case Unknown():
            changes = _NOTHING_AMISS | {"unknown": True}
        case PresentationAttack():
            changes = _NOTHING_AMISS | {"attack": event.reason.value}
        case TryRefused():
            changes = {"barred_until_s": event.time_s + event.wait_s}
            changes |= {"pin_barred": True} if event.outcome == Outcome.PIN_DUE.value else {}
        case PinAccepted():
            changes = {"pin_barred": False, "barred_until_s": 0.0}
        case RequestRefused():
            changes = {"refusal": event.text}
        case _:
            changes = {}
    return changes
