"""Decisions: evidence grows window by window until it is enough to accept, enough to reject, or time is up.

Pure: no I/O, no clock. The live recogniser and `pulsekey evaluate` run this same code, so that the error
rates measured are those of the device.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.comparison import pooled
from device.errors import CommandError, CommandReason
from device.manifest import DecisionSpec
from device.metrics import people_for_fmr

PATIENCE = 2  # An attempt not concluded within this many times its length is given up.

ACCEPT, GO_ON, REJECT = 1, 0, -1


@dataclass(frozen=True, slots=True)
class Boundaries:
    """A sequential test (Wald 1945): nothing before `min_windows` good windows, an answer by `max_windows`.

    Log-likelihood ratios of all the windows so far at or above `accept_llr` accept, at or below `reject_llr` reject;
    at `max_windows` what is not accepted is rejected.
    """

    min_windows: int
    max_windows: int
    accept_llr: float
    """Against one reference."""
    reject_llr: float
    gallery_slope: float = 0.0
    """What each e-fold of references adds to it; see `among`."""

    def among(self, references: int) -> "Boundaries":
        """The boundaries for the best of so many references: a stranger is as seldom taken for any as for one."""
        return replace(self, accept_llr=self.accept_llr + self.gallery_slope * math.log(references), gallery_slope=0.0)

    def judge(self, llr: NDArray[np.float64], windows: int) -> NDArray[np.int8]:
        """ACCEPT, GO_ON or REJECT for each ratio, of a probe of so many windows."""
        if windows < self.min_windows:
            return np.full(llr.shape, GO_ON, np.int8)
        undecided = GO_ON if windows < self.max_windows else REJECT
        verdicts = np.where(llr <= self.reject_llr, REJECT, undecided)
        return np.where(llr >= self.accept_llr, ACCEPT, verdicts).astype(np.int8)


DEFAULT_FMR = 0.01


def boundaries_at(spec: DecisionSpec, fmr: float | None = None) -> Boundaries:
    """The boundaries of the greatest operating point not above `fmr`; None: of 1 %, or the least there is.

    Raises:
        CommandError: BAD_ARGUMENT, where the people the bundle was set on cannot support so small a rate.
    """
    least = spec.operating_points[-1][0]
    wanted = max(DEFAULT_FMR, least) if fmr is None else fmr
    allowed = [llr for rate, llr in spec.operating_points if rate <= wanted]
    if not allowed:
        raise CommandError(
            CommandReason.BAD_ARGUMENT,
            f"the {spec.people} people this model's threshold was set on support a false match rate of "
            f"{math.ceil(1e4 * least) / 1e4:g} and above; {wanted:g} would take {people_for_fmr(wanted)} people",
        )
    return Boundaries(spec.min_windows, spec.max_windows, allowed[0], spec.reject_llr, spec.gallery_slope)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an attempt has so far: the pooled embedding (d,) of `windows` good windows of `seen`."""

    probe: NDArray[np.float32]
    windows: int
    seen: int


@dataclass(frozen=True, slots=True)
class Accept:
    """An accepted probe (d,) and how far its log-likelihood ratio lay above the boundary."""

    probe: NDArray[np.float32]
    above_llr: float


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A failure to acquire: only `good` of `seen` windows could be used."""

    good: int
    seen: int


class Accumulator:
    """Pools the embeddings of consecutive good windows of one epoch; `reset` it when a decision is made.

    An attempt opens with its first good window; bad windows are skipped, but count towards its patience. A
    new epoch empties it: what lies across a gap is never joined.
    """

    def __init__(self, max_windows: int) -> None:
        """`max_windows`: good windows after which it begins anew by itself, >= 1."""
        if max_windows < 1:
            raise ValueError("a decision needs at least one window")
        self._max_windows = max_windows
        self._epoch: int | None = None
        self.reset()

    def add(self, epoch: int, embedding: NDArray[np.float32] | None) -> Evidence | GivenUp | None:
        """Take the next window: its embedding (d,), or None for a bad one, which adds no evidence.

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
        good, seen = self._good, self._seen
        if len(good) == self._max_windows or seen >= PATIENCE * self._max_windows:
            self.reset()
            if len(good) < self._max_windows:
                return GivenUp(len(good), seen)
        return None if embedding is None else Evidence(pooled(good), len(good), seen)

    def reset(self) -> None:
        """Forget what was collected."""
        self._good: list[NDArray[np.float32]] = []
        self._seen = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """The reference most alike: its place in the gallery, its log-likelihood ratio, and whether it is accepted."""

    position: int
    llr: float
    accepted: bool


def identify(llr: NDArray[np.float64], windows: int, boundaries: Boundaries) -> Candidate | None:
    """Open-set identification: the best of the ratios (m,), m >= 1, is accepted or nobody is; None to go on.

    `boundaries` are those `among` m references.
    """
    position = int(np.argmax(llr))
    verdict = boundaries.judge(llr[position : position + 1], windows)[0]
    return None if verdict == GO_ON else Candidate(position, float(llr[position]), verdict == ACCEPT)
