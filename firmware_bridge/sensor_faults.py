"""What can go wrong with a simulated board's sensor, and when: one list for the light and the executed board."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class FaultKind(StrEnum):
    """A fault by the name it has on the command line."""

    OVERFLOW = "overflow"
    """The board does not read the FIFO for ``duration_s``: beyond 32 samples it is full, and what comes is lost."""
    NACK = "nack"
    """The sensor refuses the next ``value`` transfers: up to 2 are tried again, 3 in a row are a lost sensor."""
    STUCK_BUS = "stuck"
    """The sensor holds the bus for ``duration_s``: every transfer times out."""
    BROWN_OUT = "brownout"
    """The sensor has no power and answers nothing for ``duration_s``, 0 = just long enough to lose its registers."""
    RESET = "reset"
    """The board's microcontroller begins anew."""
    SATURATED = "saturated"
    """Both channels are at full scale for ``duration_s``."""
    FINGER_OFF = "finger-off"
    """The sensor sees open air for ``duration_s``; the pulse goes on meanwhile, unseen."""


@dataclass(frozen=True, slots=True)
class SensorFaultEvent:
    """One fault.

    ``at_s`` counts the seconds that the board has run over all its boots, so that each fault happens once: a
    RESET does not come again after the boot it causes.
    """

    kind: FaultKind
    at_s: float
    duration_s: float = 0.0
    value: float = 0.0
    """NACK: how many transfers are refused."""


class FaultSchedule:
    """Faults in the order of their times."""

    def __init__(self, events: Sequence[SensorFaultEvent]) -> None:
        self._events = sorted(events, key=lambda event: event.at_s)
        self._started = 0

    def take(self, until_s: float) -> list[SensorFaultEvent]:
        """Those that have begun by then, each once."""
        first = self._started
        while self._started < len(self._events) and self._events[self._started].at_s <= until_s:
            self._started += 1
        return self._events[first : self._started]

    def has(self, kind: FaultKind) -> bool:
        """Whether such a fault ever comes."""
        return any(event.kind is kind for event in self._events)

    def during(self, kind: FaultKind, time_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """At which of the times such a fault lasts."""
        mask = np.zeros(time_s.shape, np.bool_)
        for event in self._events:
            if event.kind is kind:
                mask |= (event.at_s <= time_s) & (time_s < event.at_s + event.duration_s)
        return mask

    def lasts(self, kind: FaultKind, time_s: float) -> bool:
        """Whether such a fault lasts at ``time_s``."""
        return any(e.kind is kind and e.at_s <= time_s < e.at_s + e.duration_s for e in self._events)
