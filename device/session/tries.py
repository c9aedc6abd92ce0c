"""Tries at the lock: each is counted before it is told anything, and ends with a decision, or as a failed one."""

from collections.abc import Callable

from device.store.guard import Guard, Outcome, Verdict


class Tries:
    """Counts the tries of one sitting after another with a store's guard; times are those of the session's clock."""

    def __init__(self, guard: Guard, now: Callable[[], float]) -> None:
        self._guard = guard
        self._now = now
        self._open = False
        self._until_s = 0.0
        self._pin_due = False

    @property
    def counted(self) -> bool:
        """Whether a try has begun, and waits for its decision."""
        return self._open

    @property
    def barred(self) -> bool:
        """Whether nobody may try now."""
        return self._pin_due or self._now() < self._until_s

    @property
    def wait_s(self) -> float:
        """Seconds until the next try, 0 where only the PIN is missing or nothing is."""
        return max(0.0, self._until_s - self._now())

    def begin(self) -> Verdict | None:
        """A first window was compared: from now on the try counts as failed. What forbids it, or None."""
        if self._open:
            return None
        verdict = self._guard.begin("")
        self._open = verdict is None
        return self._bar(verdict)

    def conclude(self, person: str, *, accepted: bool) -> Verdict | None:
        """The end of a try; what it cost, where it was refused and the next one has to wait."""
        if not self._open:
            return None
        self._open = False
        verdict = self._guard.conclude(person, accepted=accepted)
        return self._bar(verdict) if verdict.wait_s else None

    def abandon(self) -> None:
        """The wearer left before the answer: the try stays a failed one."""
        self._open = False

    def pin(self, digits: str) -> Verdict | None:
        """Try the PIN; None if it is right, which ends every wait."""
        verdict = self._guard.enter_pin(digits)
        if verdict is None:
            self._until_s, self._pin_due = 0.0, False
        return self._bar(verdict)

    def _bar(self, verdict: Verdict | None) -> Verdict | None:
        if verdict is not None:
            self._until_s = self._now() + verdict.wait_s
            self._pin_due = verdict.outcome is Outcome.PIN_DUE
        return verdict
