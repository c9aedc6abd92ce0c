"""What the process holds: memory, descriptors and threads, looked at through the run."""

import ctypes
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LOOKS = 400
"""In a whole run: enough to see a slope, and a fixed amount of memory."""
WARM_UP_S = 1_800.0
"""Of signal, in which caches may fill; a run that is not twice as long says nothing about memory."""
_SHARE = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # glibc's malloc.h
_LARGE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """At one moment; `rss_bytes` is resident memory."""

    signal_s: float
    rss_bytes: int
    descriptors: int
    threads: int


def look(signal_s: float) -> Look:
    """At this process, now."""
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    # The listing itself has one open.
    descriptors = len(os.listdir("/proc/self/fd")) - 1
    return Look(signal_s, resident * _PAGE, descriptors, threading.active_count())


def keep_one_heap() -> None:
    """Have one heap for all threads, and large arrays given back to the system: what is resident is what is held.

    Left to itself, glibc takes the soak's own sittings from the heap after the first (180 kB each), and gives the
    thread of each simulated board another heap than the last had: the holes that they leave look like a leak for hours.
    Where there is no glibc nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, 1)


@dataclass(frozen=True, slots=True)
class Growth:
    """From the first tenth of what followed the warm-up to the last: medians, since a board comes and goes between."""

    rss_bytes: int
    descriptors: int
    threads: int


class Resources:
    """Looks when it is time; `growth` is known after the run."""

    def __init__(self, signal_s: float, looking: Callable[[float], Look] = look) -> None:
        """`signal_s`: how long the run will be."""
        self._every_s, self._next_s, self._looking = signal_s / LOOKS, 0.0, looking
        self.looks: list[Look] = []

    def at(self, signal_s: float) -> None:
        """The run has come so far."""
        if signal_s >= self._next_s:
            self._next_s = signal_s + self._every_s
            self.looks.append(self._looking(signal_s))

    def growth(self) -> Growth | None:
        """None of a run too short to tell."""
        warm = [one for one in self.looks if one.signal_s >= WARM_UP_S]
        if not warm or warm[-1].signal_s < 2 * WARM_UP_S:
            return None
        some = max(1, int(len(warm) * _SHARE))
        first, last = warm[:some], warm[-some:]
        return Growth(
            _grown([one.rss_bytes for one in first], [one.rss_bytes for one in last]),
            _grown([one.descriptors for one in first], [one.descriptors for one in last]),
            _grown([one.threads for one in first], [one.threads for one in last]),
        )


def _grown(before: list[int], after: list[int]) -> int:
    return round(median(after) - median(before))
