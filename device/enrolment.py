"""Enrolment: good seconds of pulse, until the reference no longer changes, or it says why not."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.advice import Prompter, advise, explain
from device.comparison import pooled
from device.contact import ContactMeter
from device.embedders import Embedder
from device.errors import SignalError, SignalReason
from device.frontend import FrontEndSpec, Reason, Window

DEFAULT_SECONDS = 60.0
"""Length of the fixed enrolment, good or bad, that error rates are stated with."""
MIN_GOOD_S = 24.0
"""Below this the mean of a person's windows still moves by more than two people may differ."""
MAX_GOOD_S = 90.0
"""A reference of so much pulse is taken as it is: more of the same sitting does not make it better."""
LIMIT_S = 180.0
"""Good seconds or bad: nobody sits longer, and whose pulse is good less than half of the time is better told so."""
NEWEST_S = 10.0
STEADY = 0.993
"""The reference is done when it is as alike as this to what it was without its newest ten seconds.

Of the values tried on the people held out of the challenge set (0.98 to 0.997), the least with which the device's
attempts are refused no more often than after a fixed minute (``tests/benchmarks/enrolment.py``).
"""


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


def steadiness(embeddings: Sequence[NDArray[np.float32]], newest: int) -> float:
    """How little the `newest` of an enrolment's windows change its reference, in [0, 1].

    The cosine of the reference of all (n, d) with that of all but those; 0 while there are no others.
    """
    if len(embeddings) <= newest:
        return 0.0
    return min(1.0, max(0.0, float(pooled(embeddings) @ pooled(embeddings[:-newest]))))


class Enrolment:
    """Takes windows, embeds the good ones, and makes the reference of them as soon as it is steady.

    Good windows count as an unbroken stretch of so many: what lies between them does not.
    """

    def __init__(self, embedder: Embedder, spec: FrontEndSpec, steady: float = STEADY) -> None:
        """`steady`: the stability that is enough."""
        self._embedder = embedder
        self._spec = spec
        self._enough = steady
        self._newest = round(NEWEST_S * spec.rate_hz / spec.hop_samples)
        self._seen = 0
        self._embeddings: list[NDArray[np.float32]] = []
        self._reasons: Counter[Reason] = Counter()
        self._contact = ContactMeter(spec.rate_hz)
        self._prompter = Prompter()
        self.stability = 0.0
        """`steadiness` of the reference so far."""

    def led_current(self, ir_current_ua: int) -> None:
        """What the board says of its infrared LED, in uA."""
        self._contact.led_current(ir_current_ua)

    def add(self, window: Window) -> None:
        """Take the next window; one after the end is ignored."""
        if self.finished:
            return
        self._seen += 1
        reason = window.quality.reason
        if reason is None:
            self._embeddings.append(self._embedder.embed(window.pulse))
            self.stability = steadiness(self._embeddings, self._newest)
        else:
            self._reasons[reason] += 1
        self._prompter.take(advise(reason, self._contact.take(window)))

    @property
    def steady(self) -> bool:
        """Whether there is a reference: enough good seconds that agree, or as many as are ever taken."""
        if self.good_s < MIN_GOOD_S:
            return False
        return self.stability >= self._enough or self.good_s >= MAX_GOOD_S

    @property
    def finished(self) -> bool:
        """Whether there is a reference, or all the time is used."""
        return self.steady or self.elapsed_s >= LIMIT_S

    @property
    def good_windows(self) -> int:
        """Windows that count."""
        return len(self._embeddings)

    @property
    def good_s(self) -> float:
        """Seconds of pulse that count."""
        return seconds_of(self.good_windows, self._spec) if self._embeddings else 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds of signal taken, good or bad."""
        return seconds_of(self._seen, self._spec) if self._seen else 0.0

    @property
    def wanted_s(self) -> float:
        """How many good seconds it will probably take, `good_s` to MAX_GOOD_S.

        A fixed number of windows turns a mean of n by an angle like 1 / n, and 1 - cosine goes with its square.
        """
        if self.steady:
            return self.good_s
        expected = (
            self.good_s * math.sqrt((1.0 - self.stability) / (1.0 - self._enough)) if self.stability else MIN_GOOD_S
        )
        return max(self.good_s, min(MAX_GOOD_S, max(MIN_GOOD_S, expected)))

    @property
    def advice(self) -> str:
        """What to do now; empty while the signal is good."""
        return self._prompter.told

    def reference(self) -> NDArray[np.float32]:
        """The reference, (d,) float32 of unit length.

        Raises:
            SignalError: TOO_FEW_GOOD_WINDOWS, with the commonest reason and what to do about it.
        """
        if not self.steady:
            raise SignalError(SignalReason.TOO_FEW_GOOD_WINDOWS, self._shortfall())
        return pooled(self._embeddings)

    def _shortfall(self) -> str:
        ended = f"after the {LIMIT_S:.0f} s an enrolment may take" if self.finished else "when the signal ended"
        told = f"{self.good_windows} good windows of {self._seen} {ended}, {self.good_s:.0f} s"
        if self.good_s < MIN_GOOD_S:
            missing = f"{MIN_GOOD_S:.0f} s are needed"
        else:
            missing = f"and the reference is not steady yet ({self.stability:.3f}, {self._enough:g} is needed)"
        if not self._reasons and self._seen:
            return f"{told}, {missing}; stay on the sensor longer"
        return f"{told}, {missing}; {explain(self._reasons)}"
