"""What hooks are told, and what a hook is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self

_log = logging.getLogger(__name__)

Tell = Callable[[str], None]
"""Takes one line about a hook, from any thread."""


@dataclass(frozen=True, slots=True)
class Change:
    """The lock opened for `person`, or closed on them; `time_utc` is ISO 8601 to the second."""

    locked: bool
    person: str
    reason: str
    time_utc: str

    @classmethod
    def now(cls, *, locked: bool, person: str, reason: str) -> Self:
        """One that happens at this moment."""
        return cls(locked, person, reason, datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def state(self) -> str:
        """`locked` or `unlocked`, as programs and brokers are told."""
        return "locked" if self.locked else "unlocked"


class Hook(Protocol):
    """Something that follows the lock; made in the state that means locked, used by one thread."""

    name: str
    in_order: bool
    """Whether each change counts, as for programs; otherwise only the newest does, as for a pin."""

    def apply(self, change: Change) -> None:
        """Follow a change.

        Raises:
            HookError: it could not.
        """
        ...

    def close(self) -> None:
        """Let go, in the state that means locked; the lock has been closed before.

        Raises:
            HookError: it could not.
        """
        ...


def unfailing(tell: Tell) -> Tell:
    """The same, for threads that must outlive it: what cannot be told so is logged."""

    def told(text: str) -> None:
        try:
            tell(text)
        except Exception as error:  # whatever shows it may be gone; the next lock must still reach the hook
            _log.error("%s (which could not be shown: %s)", text, error)

    return told
