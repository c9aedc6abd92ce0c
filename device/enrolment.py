"""Enrolment: the first minute of good windows becomes a reference, or it says why not."""

import math
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from device.advice import advice_for, explain
from device.comparison import pooled
from device.embedders import Embedder
from device.errors import SignalError, SignalReason
from device.frontend import FrontEndSpec, Reason, Window

DEFAULT_SECONDS = 60.0
# Below this the mean of a person's windows still moves by more than two people may differ.
MIN_GOOD_S = 24.0


def windows_in(seconds: float, spec: FrontEndSpec) -> int:
    """How many windows, hop by hop, fit into a stretch of signal; at least one."""
    return 1 + max(0, math.floor((seconds * spec.rate_hz - spec.window_samples) / spec.hop_samples + 1e-9))


def seconds_of(windows: int, spec: FrontEndSpec) -> float:
    """How long a stretch of so many windows is, >= 1."""
    return (spec.window_samples + (windows - 1) * spec.hop_samples) / spec.rate_hz


def min_good_windows(spec: FrontEndSpec) -> int:
    """How many good windows an enrolment needs."""
    return windows_in(MIN_GOOD_S, spec)


def joined(
    reference: NDArray[np.float32], good_windows: int, other: NDArray[np.float32], other_windows: int
) -> NDArray[np.float32]:
    """One reference (d,) of two sessions' (d,) of unit length, each counting as its good windows do."""
    both = good_windows * reference.astype(np.float64) + other_windows * other.astype(np.float64)
    return pooled(both[None, :].astype(np.float32))


class Enrolment:
    """Takes a fixed number of windows, embeds the good ones, and makes the reference of them."""

    def __init__(self, embedder: Embedder, spec: FrontEndSpec, seconds: float = DEFAULT_SECONDS) -> None:
        """`seconds`: length of signal, good or bad.

        Raises:
            SignalError: TOO_FEW_GOOD_WINDOWS, where so short a time cannot hold enough windows.
        """
        self._embedder = embedder
        self._spec = spec
        self._wanted = windows_in(seconds, spec)
        self._needed = min_good_windows(spec)
        if self._wanted < self._needed:
            raise SignalError(
                SignalReason.TOO_FEW_GOOD_WINDOWS,
                f"an enrolment needs at least {MIN_GOOD_S:.0f} s, not {seconds:g} s",
            )
        self._seen = 0
        self._embeddings: list[NDArray[np.float32]] = []
        self._reasons: Counter[Reason] = Counter()
        self._last: Reason | None = None

    def add(self, window: Window) -> None:
        """Take the next window; one after the end is ignored."""
        if self.finished:
            return
        self._seen += 1
        self._last = window.quality.reason
        if self._last is None:
            self._embeddings.append(self._embedder.embed(window.pulse))
        else:
            self._reasons[self._last] += 1

    @property
    def finished(self) -> bool:
        """Whether all the time is used."""
        return self._seen >= self._wanted

    @property
    def good_windows(self) -> int:
        """Windows that count."""
        return len(self._embeddings)

    @property
    def elapsed_s(self) -> float:
        """Seconds of signal taken."""
        return seconds_of(self._seen, self._spec) if self._seen else 0.0

    @property
    def duration_s(self) -> float:
        """Seconds of signal wanted."""
        return seconds_of(self._wanted, self._spec)

    @property
    def advice(self) -> str:
        """What to do now; empty while the signal is good."""
        return "" if self._last is None else advice_for(self._last)

    def reference(self) -> NDArray[np.float32]:
        """The reference, (d,) float32 of unit length.

        Raises:
            SignalError: TOO_FEW_GOOD_WINDOWS, with the commonest reason and what to do about it.
        """
        if self.good_windows < self._needed:
            raise SignalError(
                SignalReason.TOO_FEW_GOOD_WINDOWS,
                f"{self.good_windows} good windows of {self._seen}, {self._needed} are needed; "
                f"{explain(self._reasons)}",
            )
        return pooled(self._embeddings)
