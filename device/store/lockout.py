"""Lockout after failed tries: a pure state machine over a clock that cannot be set.

Five failed tries lock for 30 s, the next five for 60 s, and so on, doubling, at most an hour; after three rounds the
PIN is asked, where one is set. Time is the seconds since boot and which boot it was. The wall clock is not asked at
all: set back it would lengthen a lockout, set forward (as on each start of a board without a battery clock) end it.
Across a reboot only the time since that reboot counts, so a restart can lengthen a lockout and never shortens it.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

TRIES = 5
FIRST_S = 30.0
MAX_S = 3600.0
ROUNDS_BEFORE_PIN = 3
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: seconds since boot, suspended or not, and which boot."""

    boot: str
    uptime_s: float

    @classmethod
    def now(cls) -> Self:
        """What the clock says."""
        return cls(_BOOT_ID.read_text(encoding="ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME))


@dataclass(frozen=True, slots=True)
class Lockout:
    """Failed tries since the last success, and since when there is a lock, if any."""

    failures: int = 0
    """In this round, 0 to TRIES - 1."""
    rounds: int = 0
    """Rounds that ended in a lock."""
    since: Moment | None = None
    """When the last round ended."""

    def failed(self, now: Moment) -> Self:
        """After one more failed try."""
        if self.failures + 1 < TRIES:
            return replace(self, failures=self.failures + 1)
        return replace(self, failures=0, rounds=self.rounds + 1, since=now)

    def wait_s(self, now: Moment) -> float:
        """Seconds until the next try is allowed, 0.0 where it is."""
        if self.since is None:
            return 0.0
        began_s = self.since.uptime_s if self.since.boot == now.boot else 0.0
        waited_s = max(0.0, now.uptime_s - began_s)
        return max(0.0, self.duration_s - waited_s)

    @property
    def duration_s(self) -> float:
        """How long the last lock was."""
        # 2.0**12 is past the longest already: more rounds must not overflow.
        return min(MAX_S, FIRST_S * 2.0 ** min(12, self.rounds - 1)) if self.rounds else 0.0

    @property
    def pin_due(self) -> bool:
        """Whether a PIN, where there is one, must come first."""
        return self.rounds >= ROUNDS_BEFORE_PIN

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        since = None if self.since is None else [self.since.boot, self.since.uptime_s]
        return {"failures": self.failures, "rounds": self.rounds, "since": since}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` made."""
        since = None if values["since"] is None else Moment(*values["since"])
        return cls(values["failures"], values["rounds"], since)
