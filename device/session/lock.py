"""The lock: a state machine over what the wearer does and what the recogniser says, with times given by the caller.

A pulse is reliable within one sitting and drifts over days. So a wearer is bound when the sensor is put on, by pulse,
by pulse and PIN, or by PIN alone with a reference taken afresh; verified again and again while it is worn; and unbound
the moment it is taken off. A lock that holds for some seconds opens once for each time the sensor is put on.
"""

from dataclasses import dataclass
from enum import StrEnum

PIN_VALID_S = 30.0
"""A PIN and a pulse that belong together come within this."""
DOUBTS = 3
"""Refusals in a row that unbind: one alone comes to many within the hour (`tests/benchmarks/wear.py`)."""
UNVERIFIED_S = 90.0
"""As long as so many attempts may take: a wearer whose pulse cannot be read for longer is not known to be the same."""
SILENCE_S = 0.7
"""Without samples for so long nobody can be said to wear the sensor; a frame comes every 40 ms."""


class Phase(StrEnum):
    """Where the lock is; only BOUND is open."""

    OFF = "not worn"
    WORN = "worn"
    BOUND = "bound"
    SPENT = "opened once"


class LockReason(StrEnum):
    """Why the lock opened or closed."""

    RECOGNISED = "recognised"
    BOUND_AFRESH = "PIN, and a reference taken since"
    TAKEN_OFF = "taken off"
    DOUBTED = "the pulse no longer fits"
    UNVERIFIED = "the pulse could not be read for too long"
    HELD = "its time is over"
    SILENT = "no samples come"
    LINK_LOST = "the board is gone"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Change:
    """The lock opened for `person`, or closed on them, and why."""

    locked: bool
    person: str
    reason: LockReason


class Lock:
    """One lock. Times are seconds of one clock that never goes back; each method gives what changed, or None."""

    def __init__(self, *, hold_s: float | None = None, needs_pin: bool = False) -> None:
        """`hold_s`: how long it stays open, None for as long as the sensor is worn; `needs_pin`: beside the pulse."""
        self._hold_s = hold_s
        self.needs_pin = needs_pin
        self._phase = Phase.OFF
        self._person = ""
        self._doubts = 0
        self._opened_s = self._verified_s = self._sample_s = 0.0
        self._pin_s: float | None = None
        self._pulse: tuple[str, float] | None = None

    @property
    def phase(self) -> Phase:
        """Where it is."""
        return self._phase

    @property
    def person(self) -> str:
        """Whom it is open for; empty while it is locked."""
        return self._person

    @property
    def locked(self) -> bool:
        """Whether it is closed."""
        return self._phase is not Phase.BOUND

    def pin_due(self, time_s: float) -> bool:
        """Whether the PIN has still to be entered for it to open."""
        return self.needs_pin and self.locked and not self._is_fresh(self._pin_s, time_s)

    def sample(self, time_s: float, *, finger: bool) -> Change | None:
        """Samples came; `finger`: whether they are of a sensor that is worn."""
        self._sample_s = time_s
        if finger:
            if self._phase is Phase.OFF:
                self._phase = Phase.WORN
            return None
        return self._taken_off(LockReason.TAKEN_OFF)

    def recognised(self, person: str, time_s: float) -> Change | None:
        """A decision: this is `person`'s pulse."""
        if self._phase is Phase.BOUND:
            if person != self._person:
                return self.refused()
            self._doubts, self._verified_s = 0, time_s
            return None
        if self._phase is not Phase.WORN:
            return None
        self._pulse = (person, time_s)
        return self._bind(time_s)

    def refused(self) -> Change | None:
        """A decision: this is nobody's pulse, or not the bound person's."""
        self._pulse = None
        if self._phase is not Phase.BOUND:
            return None
        self._doubts += 1
        if self._hold_s is not None or self._doubts < DOUBTS:
            return None
        return self._close(Phase.WORN, LockReason.DOUBTED)

    def pin_entered(self, time_s: float) -> Change | None:
        """The right PIN was entered."""
        self._pin_s = time_s
        return self._bind(time_s) if self._phase is Phase.WORN else None

    def bound_afresh(self, person: str, time_s: float) -> Change | None:
        """The right PIN was entered, and a reference of this sitting taken since, while the sensor stayed on."""
        if self._phase is not Phase.WORN:
            return None
        return self._open(person, time_s, LockReason.BOUND_AFRESH)

    def tick(self, time_s: float) -> Change | None:
        """Time passes; to be called a few times a second, whether samples come or not."""
        if self._phase is Phase.BOUND and self._hold_s is not None:
            over = time_s - self._opened_s >= self._hold_s
            return self._close(Phase.SPENT, LockReason.HELD) if over else None
        if self._phase is not Phase.OFF and time_s - self._sample_s >= SILENCE_S:
            return self._taken_off(LockReason.SILENT)
        if self._phase is Phase.BOUND and time_s - self._verified_s >= UNVERIFIED_S:
            return self._close(Phase.WORN, LockReason.UNVERIFIED)
        return None

    def end(self, reason: LockReason) -> Change | None:
        """Close whatever is open: the board is gone, or the program stops."""
        self._pin_s = self._pulse = None
        if self._phase is Phase.BOUND:
            return self._close(Phase.OFF, reason)
        self._phase = Phase.OFF
        return None

    def _taken_off(self, reason: LockReason) -> Change | None:
        self._pulse = None
        if self._phase is Phase.BOUND:
            # A door that was opened for some seconds stays open when the finger leaves the sensor.
            return None if self._hold_s is not None else self._close(Phase.OFF, reason)
        self._phase = Phase.OFF
        return None

    def _bind(self, time_s: float) -> Change | None:
        if self._pulse is None or not self._is_fresh(self._pulse[1], time_s) or self.pin_due(time_s):
            return None
        return self._open(self._pulse[0], time_s, LockReason.RECOGNISED)

    def _open(self, person: str, time_s: float, reason: LockReason) -> Change:
        self._phase, self._person = Phase.BOUND, person
        self._opened_s = self._verified_s = time_s
        self._doubts, self._pin_s, self._pulse = 0, None, None
        return Change(locked=False, person=person, reason=reason)

    def _close(self, phase: Phase, reason: LockReason) -> Change:
        person, self._person = self._person, ""
        self._phase = phase
        return Change(locked=True, person=person, reason=reason)

    def _is_fresh(self, since_s: float | None, time_s: float) -> bool:
        return since_s is not None and time_s - since_s <= PIN_VALID_S
