"""Error rates of comparison scores (ISO/IEC 19795-1), in numpy alone.

Throughout: a comparison is accepted where its score >= the threshold, so equal scores always fare alike;
FMR(t) is the share of non-mated scores >= t, FNMR(t) the share of mated scores < t. The operating points of a
set are its distinct scores and +infinity, where nothing is accepted.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def _scores(values: ArrayLike) -> Floats:
    scores = np.asarray(values, dtype=np.float64).ravel()
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
    return scores


@dataclass(frozen=True, slots=True, eq=False)
class Det:
    """Every operating point, by rising threshold: arrays of equal length; the last threshold is +infinity."""

    thresholds: Floats
    fmr: Floats
    fnmr: Floats


def det(mated: ArrayLike, non_mated: ArrayLike) -> Det:
    """The detection error trade-off (ISO/IEC 19795-1, 3.7) as a step function's corners.

    Raises:
        ValueError: either set is empty or not finite.
    """
    same, other = np.sort(_scores(mated)), np.sort(_scores(non_mated))
    if not same.size or not other.size:
        raise ValueError("error rates need mated and non-mated scores")
    thresholds = np.append(np.unique(np.concatenate((same, other))), np.inf)
    return Det(
        thresholds=thresholds,
        # Counted, not 1 - share: 1 - 0.99 is above 0.01 in floating point.
        fmr=(other.size - np.searchsorted(other, thresholds, side="left")) / other.size,
        fnmr=np.searchsorted(same, thresholds, side="left") / same.size,
    )


def eer_of(fmr: Floats, fnmr: Floats) -> Floats:
    """Equal error rate of operating points (..., T) by rising threshold, FMR falling and FNMR rising: (...).

    Where no operating point has both equal, the straight line between its two neighbours is crossed.
    """
    gap = fnmr - fmr  # rises from <= 0 to 1
    after = np.argmax(gap >= 0.0, axis=-1)
    before = np.maximum(after - 1, 0)

    def at(rates: Floats, index: NDArray[np.intp]) -> Floats:
        return np.take_along_axis(rates, index[..., None], axis=-1)[..., 0]

    low, high = at(gap, before), at(gap, after)
    span = high - low
    part = np.divide(-low, span, out=np.ones_like(span), where=span > 0.0)
    return at(fmr, before) + part * (at(fmr, after) - at(fmr, before))


def equal_error_rate(mated: ArrayLike, non_mated: ArrayLike) -> float:
    """Equal error rate: where FMR and FNMR meet on the DET; a summary, not an operating point."""
    points = det(mated, non_mated)
    return float(eer_of(points.fmr, points.fnmr))


def fnmr_of(fmr: Floats, fnmr: Floats, at_fmr: float) -> Floats:
    """FNMR at the lowest threshold whose FMR is <= `at_fmr`, of operating points (..., T): (...)."""
    first = np.argmax(fmr <= at_fmr, axis=-1)
    return np.take_along_axis(fnmr, first[..., None], axis=-1)[..., 0]


def fnmr_at_fmr(mated: ArrayLike, non_mated: ArrayLike, at_fmr: float) -> float:
    """FNMR at the lowest threshold whose FMR does not exceed `at_fmr`; never an interpolation."""
    points = det(mated, non_mated)
    return float(fnmr_of(points.fmr, points.fnmr, at_fmr))


def own_cells(table: NDArray[Any], own: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where a table (n, m) of probes and people has the probes' own people, `own` (n,)."""
    cells = np.zeros(table.shape, dtype=np.bool_)
    cells[np.arange(len(own)), own] = True
    return cells


def rank_one(scores: Floats, own: NDArray[np.intp]) -> float:
    """Closed-set rank-1 rate: the share of probes (n, m) whose own reference scores above every other.

    A tie with another reference is a miss.
    """
    return float(np.mean(rank_one_hits(scores, own)))


def rank_one_hits(scores: Floats, own: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which probes (n, m) have their own reference (column `own[i]`) strictly above every other: (n,)."""
    rows = np.arange(len(scores))
    others = scores.copy()
    others[rows, own] = -np.inf
    return np.asarray(scores[rows, own] > others.max(axis=1))


def rule_of_three(trials: int) -> float:
    """Upper end of the 95 % interval of a rate with no error in `trials` independent trials: 3/n, at most 1.

    Source: ISO/IEC 19795-1, annex B.
    """
    return min(1.0, 3.0 / trials) if trials > 0 else 1.0


def least_fmr(people: int) -> float:
    """The smallest false match rate that so many people can tell: by the rule of three, of their pairs.

    Comparisons of the same two people resemble each other, so that however many there are they are one trial.
    """
    return rule_of_three(people * (people - 1) // 2)


def people_for_fmr(fmr: float) -> int:
    """How many people it takes to tell a false match rate of `fmr`, above 0."""
    return math.ceil(0.5 + math.sqrt(0.25 + 6.0 / fmr))
