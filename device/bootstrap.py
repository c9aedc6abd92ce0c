"""95 % intervals of error rates by bootstrap over people.

Comparisons of one person resemble each other, so people are resampled, not comparisons (the subsets
bootstrap: Bolle, Ratha, Pankanti, "Error analysis of pattern recognition systems", CVIU 93, 2004; ISO/IEC
19795-1, annex B). A person drawn w times weighs w in mated comparisons; a non-mated comparison weighs the
product of both sides, so that both its people are resampled, and a person is never an impostor of their own
copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.metrics import eer_of, fnmr_of, own_cells, rank_one_hits

Floats = NDArray[np.float64]
Interval = tuple[float, float]

RESAMPLES = 1000
_LOWER, _UPPER = 0.025, 0.975
_MIN_USABLE = 20  # Resamples that still make a 95 % interval.
# Up to here every distinct score is a threshold and the resampled rates are exact; above, thresholds are laid
# where the rates change, closely enough for an interval (0.2 % of the mated scores between two).
_EXACT_THRESHOLDS = 1000
_GRID_PER_SET = 500


@dataclass(frozen=True, slots=True)
class Intervals:
    """95 % intervals; None where too few resamples hold two people."""

    eer: Interval | None
    fnmr_at_fmr: dict[float, Interval | None]
    rank_one: Interval | None


def people_intervals(
    scores: Floats,
    own: NDArray[np.intp],
    fmrs: tuple[float, ...],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Intervals:
    """Intervals for probes (n, m) against the references of m people, probe i being of person `own[i]`."""
    people = scores.shape[1]
    weights = _draws(people, resamples, rng)
    fmr, fnmr = resampled_rates(scores, own, weights)
    usable = np.isfinite(fmr).all(axis=1) & np.isfinite(fnmr).all(axis=1)
    fmr, fnmr = fmr[usable], fnmr[usable]
    return Intervals(
        eer=_interval(eer_of(fmr, fnmr)),
        fnmr_at_fmr={rate: _interval(fnmr_of(fmr, fnmr, rate)) for rate in fmrs},
        rank_one=_interval(_shares(weights, rank_one_hits(scores, own), own)),
    )


def share_interval(
    hits: NDArray[np.bool_], own: NDArray[np.intp], people: int, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Interval | None:
    """The interval of a share of trials (n,), trial i being of person `own[i]` of so many; None below two people."""
    return _interval(_shares(_draws(people, resamples, rng), hits, own)) if people > 1 else None


def outcome_intervals(
    accepted: NDArray[np.bool_], own: NDArray[np.intp], rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[Interval | None, Interval | None]:
    """Intervals of FMR and FNMR, of attempts (n, m) to be each of m people that were accepted or not."""
    people = accepted.shape[1]
    weights = _draws(people, resamples, rng)
    tries = np.bincount(own, minlength=people).astype(np.float64)
    by_pair = np.zeros((people, people))  # how many of one person's attempts to be another were accepted
    np.add.at(by_pair, own, accepted)
    mated = by_pair.diagonal().copy()
    np.fill_diagonal(by_pair, 0.0)
    possible = tries[:, None] * (1.0 - np.eye(people))
    with np.errstate(invalid="ignore"):
        fmr = _quadratic(weights, by_pair.ravel()) / _quadratic(weights, possible.ravel())
        fnmr = weights @ (tries - mated) / (weights @ tries)
    return _interval(fmr[np.isfinite(fmr)]), _interval(fnmr[np.isfinite(fnmr)])


def thresholds_within(
    scores: Floats, own: NDArray[np.intp], fmrs: Sequence[float], rng: np.random.Generator, resamples: int = RESAMPLES
) -> list[float]:
    """For each rate the lowest threshold at which the upper end of the FMR's 95 % interval does not exceed it.

    `scores` (n, m) of probes against m people, as for `people_intervals`.
    """
    mine = own_cells(scores, own)
    grid = _thresholds(scores[mine], scores[~mine])
    fmr, _ = _rates_at(grid, scores, own, _draws(scores.shape[1], resamples, rng))
    upper = np.quantile(fmr[np.isfinite(fmr).all(axis=1)], _UPPER, axis=0)
    return [float(grid[np.argmax(upper <= rate)]) for rate in fmrs]


def _draws(people: int, resamples: int, rng: np.random.Generator) -> Floats:
    """How often each resample draws each person (B, m)."""
    return rng.multinomial(people, np.full(people, 1.0 / people), size=resamples).astype(np.float64)


def _shares(weights: Floats, hits: NDArray[np.generic], own: NDArray[np.intp]) -> Floats:
    """The share of hits among the trials of each resample that has any."""
    people = weights.shape[1]
    drawn = weights @ np.bincount(own, minlength=people)
    return (weights @ np.bincount(own, hits, people))[drawn > 0] / drawn[drawn > 0]


def resampled_rates(scores: Floats, own: NDArray[np.intp], weights: Floats) -> tuple[Floats, Floats]:
    """FMR and FNMR (B, T) of each resample, at thresholds common to all; NaN without a comparison.

    `weights` (B, m): how often each resample draws each person.
    """
    mine = own_cells(scores, own)
    return _rates_at(_thresholds(scores[mine], scores[~mine]), scores, own, weights)


def _rates_at(grid: Floats, scores: Floats, own: NDArray[np.intp], weights: Floats) -> tuple[Floats, Floats]:
    people = scores.shape[1]
    is_mated = own_cells(scores, own)
    mated, non_mated = scores[is_mated], scores[~is_mated]
    rejected = np.stack(
        [np.bincount(own, mated < threshold, people) for threshold in grid], axis=1
    )  # (m, T): how many of each person's mated scores fall below each threshold
    pairs = (own[:, None] * people + np.arange(people))[~is_mated]
    accepted, total = _weighted_accepts(non_mated, pairs, grid, weights)
    with np.errstate(invalid="ignore"):
        fnmr = (weights @ rejected) / (weights @ np.bincount(own, minlength=people))[:, None]
        fmr = accepted / total[:, None]
    return fmr, fnmr


def _weighted_accepts(
    non_mated: Floats, pairs: NDArray[np.intp], grid: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Weighted counts of non-mated scores >= each threshold (B, T), and of all of them (B,)."""
    people = weights.shape[1]
    bins = np.searchsorted(grid, non_mated, side="right") - 1  # reaches grid[k] exactly where bins >= k
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], np.arange(grid.size + 1))
    ordered = pairs[order]
    accepts = np.zeros(people * people)  # how many comparisons of each pair of people reach the threshold
    result = np.zeros((len(weights), grid.size))
    for k in range(grid.size - 1, -1, -1):
        if starts[k] < starts[k + 1]:
            accepts += np.bincount(ordered[starts[k] : starts[k + 1]], minlength=people * people)
            result[:, k] = _quadratic(weights, accepts)
        elif k + 1 < grid.size:
            result[:, k] = result[:, k + 1]
    return result, _quadratic(weights, np.bincount(pairs, minlength=people * people).astype(np.float64))


def _quadratic(weights: Floats, counts: Floats) -> Floats:
    people = weights.shape[1]
    return np.asarray(np.einsum("bi,bi->b", weights @ counts.reshape(people, people), weights))


def _thresholds(mated: Floats, non_mated: Floats) -> Floats:
    distinct = np.unique(np.concatenate((mated, non_mated)))
    if distinct.size > _EXACT_THRESHOLDS:
        tail = np.sort(non_mated)[::-1]
        # Equal steps of log(FMR): the small rates need thresholds as close together as the large ones.
        ranks = np.unique(np.geomspace(1, tail.size, _GRID_PER_SET).astype(np.intp)) - 1
        spread = np.quantile(mated, np.linspace(0.0, 1.0, _GRID_PER_SET), method="inverted_cdf")
        distinct = np.unique(np.concatenate((tail[ranks], tail[-1:], spread)))
    return np.append(distinct, np.inf)


def _interval(values: Floats) -> Interval | None:
    if values.size < _MIN_USABLE:
        return None
    low, high = np.quantile(values, (_LOWER, _UPPER))
    return float(low), float(high)
