"""Decisions: windows are accumulated until there are enough, and the best reference is accepted or nobody is.

Pure: no I/O, no clock. The live recogniser and `pulsekey evaluate` run this same code, so that the error
rates measured are those of the device.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from device.comparison import pooled

PATIENCE = 2  # A decision not filled within this many times its length is given up.


@dataclass(frozen=True, slots=True)
class Filled:
    """A decision's evidence: the pooled embedding (d,) of `windows` good windows of `seen`."""

    probe: NDArray[np.float32]
    windows: int
    seen: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A failure to acquire: only `good` of `seen` windows could be used."""

    good: int
    seen: int


_Outcome = TypeVar("_Outcome", Filled, GivenUp)


class Accumulator:
    """Collects the embeddings of consecutive good windows of one epoch until a decision is filled.

    A decision opens with its first good window; bad windows are skipped, but count towards its patience. A
    new epoch empties it: what lies across a gap is never joined.
    """

    def __init__(self, windows: int) -> None:
        """`windows`: good windows to a decision, >= 1."""
        if windows < 1:
            raise ValueError("a decision needs at least one window")
        self._windows = windows
        self._epoch: int | None = None
        self._good: list[NDArray[np.float32]] = []
        self._seen = 0

    def add(self, epoch: int, embedding: NDArray[np.float32] | None) -> Filled | GivenUp | None:
        """Take the next window: its embedding (d,), or None for a bad one.

        `epoch` names the stretch of signal it belongs to. A caller whose windows belong together although the
        signal was cut (a file that is a table of windows) passes the same epoch for all of them.
        """
        if epoch != self._epoch:
            self.reset()
            self._epoch = epoch
        if embedding is None and not self._good:
            return None
        self._seen += 1
        if embedding is not None:
            self._good.append(embedding)
        if len(self._good) == self._windows:
            return self._close(Filled(pooled(self._good), len(self._good), self._seen))
        if self._seen >= PATIENCE * self._windows:
            return self._close(GivenUp(len(self._good), self._seen))
        return None

    def _close(self, outcome: _Outcome) -> _Outcome:
        self.reset()
        return outcome

    def reset(self) -> None:
        """Forget what was collected."""
        self._good = []
        self._seen = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """The reference most alike: its place in the gallery, its score, and whether it is accepted."""

    position: int
    score: float
    accepted: bool


def best_candidate(scores: NDArray[np.float64], threshold: float) -> Candidate:
    """Open-set identification: the best of (m,) scores, m >= 1, accepted where it reaches the threshold."""
    position = int(np.argmax(scores))
    score = float(scores[position])
    return Candidate(position, score, score >= threshold)
