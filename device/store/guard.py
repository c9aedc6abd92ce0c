"""Who may try, and what a try came to: lockout and PIN, kept in the store's sealed head.

A try counts as failed from the moment it begins, and no longer once it is accepted: whoever pulls the plug before the
answer has used it up. One lockout for the device, not one a person: trying the next name does not begin anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from device.errors import GalleryError, GalleryReason
from device.store.lockout import TRIES, Lockout, Moment
from device.store.pin import Pin
from device.store.store import Store, View


class Outcome(StrEnum):
    """What a try came to."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WRONG_PIN = "wrong PIN"
    PIN_DUE = "PIN needed"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, how long until the next try, and how many are left before the next lock."""

    outcome: Outcome
    wait_s: float
    tries_left: int


class Guard:
    """Lockout and PIN of one store."""

    def __init__(self, store: Store, now: Callable[[], Moment] = Moment.now) -> None:
        self._store = store
        self._now = now

    def barrier(self) -> Verdict | None:
        """What keeps anybody from trying now; None where nothing does.

        Raises:
            GalleryError: the store's own faults, as everything here.
        """
        with self._store.reading() as view:
            return self._barrier(view)

    def begin(self, person: str) -> Verdict | None:
        """Count a try as failed until `conclude` says otherwise; None where it may go on."""
        with self._store.changing() as view:
            verdict = self._barrier(view)
            if verdict is None:
                view.head.lockout = view.head.lockout.failed(self._now())
            view.log.append("verify", "begun" if verdict is None else verdict.outcome.value, person)
        return verdict

    def conclude(self, person: str, *, accepted: bool) -> Verdict:
        """The end of a try that was begun; an accepted one ends all that was counted."""
        with self._store.changing() as view:
            if accepted:
                view.head.lockout = Lockout()
            verdict = self._verdict(view, Outcome.ACCEPTED if accepted else Outcome.REFUSED)
            view.log.append("verify", verdict.outcome.value, person)
        return verdict

    def enter_pin(self, digits: str, person: str = "") -> Verdict | None:
        """Try the PIN that is set: the right one ends what was counted (None), a wrong one is a failed try."""
        with self._store.changing() as view:
            pin = self._pin(view)
            verdict = self._barrier(view, pin_given=True)
            if verdict is None and pin.matches(digits):
                view.head.lockout = Lockout()
            elif verdict is None:
                view.head.lockout = view.head.lockout.failed(self._now())
                verdict = self._verdict(view, Outcome.WRONG_PIN)
            view.log.append("pin", "right" if verdict is None else verdict.outcome.value, person)
        return verdict

    def set_pin(self, digits: str) -> None:
        """Set or replace the PIN; who replaces one has entered it first.

        Raises:
            GalleryError: WRONG_PIN, for one that is none, or the first one while tries have failed.
        """
        new = Pin.of(digits)
        with self._store.changing() as view:
            if view.head.lockout != Lockout():  # or whoever failed would set one, and enter it
                raise GalleryError(
                    GalleryReason.WRONG_PIN, "the last tries have failed: a PIN can be set after the next success"
                )
            view.head.pin = new
            view.log.append("pin", "set")

    @property
    def has_pin(self) -> bool:
        """Whether one is set."""
        with self._store.reading() as view:
            return view.head.pin is not None

    def require_pin(self) -> None:
        """Make sure that one is set, before anybody is asked for it.

        Raises:
            GalleryError: WRONG_PIN, where none is.
        """
        with self._store.reading() as view:
            self._pin(view)

    def _pin(self, view: View) -> Pin:
        if view.head.pin is None:
            raise GalleryError(GalleryReason.WRONG_PIN, "no PIN is set: `pulsekey pin` sets one")
        return view.head.pin

    def _barrier(self, view: View, *, pin_given: bool = False) -> Verdict | None:
        if view.head.lockout.wait_s(self._now()) > 0.0:
            return self._verdict(view, Outcome.LOCKED)
        if view.head.lockout.pin_due and view.head.pin is not None and not pin_given:
            return self._verdict(view, Outcome.PIN_DUE)
        return None

    def _verdict(self, view: View, outcome: Outcome) -> Verdict:
        lockout = view.head.lockout
        return Verdict(outcome, lockout.wait_s(self._now()), TRIES - lockout.failures)
