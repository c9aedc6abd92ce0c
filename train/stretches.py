"""One-second stretches of a signal, each known by its shape: how the same seconds are found in two recordings.

Where a stretch begins, the signal says itself, at a beat's peak; so it begins at the same place in every recording of
these seconds, wherever that recording begins. A stretch counts by its shape alone, coarsely: what scale and offset a
file stores its samples with does not matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PEAK_REACH_S = 0.25
"""A peak is higher than every sample so near to it."""
POINT_S = 0.024
"""Between points of a stretch: whole samples at 125, 250 and 500 Hz."""
POINTS = 42
"""Points of a stretch, 0.98 s together."""
LEVELS = 32
"""That a point is told to, from the stretch's least to its greatest sample: files that round otherwise still agree."""
MIN_SHARED = 3
"""Stretches at one distance in time that two recordings have in common if they hold the same seconds.

Among the 508 records of the challenge, records that have no second in common agree in one stretch at most.
"""
_MIX = np.random.default_rng(1).integers(1, 2**63, POINTS, dtype=np.uint64) | np.uint64(1)


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """The stretches of one recording that occur in it once; what it repeats, an artefact say, tells nothing."""

    hashes: NDArray[np.uint64]
    """(m,) of their shapes."""
    at_ms: NDArray[np.int64]
    """(m,) where they begin, from the recording's start."""


def none_known() -> Stretches:
    """Of a recording whose signal is not at hand."""
    return Stretches(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64))


def stretches_of(signal: NDArray[np.floating], rate_hz: float) -> Stretches:
    """Those of one signal.

    Args:
        signal: (n,), any unit, NaN where missing.
        rate_hz: its rate; the same seconds at another rate are found where both have 24 ms in whole samples.
    """
    hashes, at = _hashed(np.asarray(signal, dtype=np.float64), rate_hz)
    return _once(hashes, np.rint(at * 1e3 / rate_hz).astype(np.int64))


def stretches_of_windows(windows: NDArray[np.floating], start: NDArray[np.int64], rate_hz: float) -> Stretches:
    """Those of windows that may overlap; a stretch that crosses a window's end is not seen.

    Args:
        windows: (n, samples), each standardised by itself if at all.
        start: (n,) first sample of each.
        rate_hz: their rate.
    """
    # A missing sample between windows keeps stretches from running on into the next.
    apart = np.pad(windows.astype(np.float64), ((0, 0), (0, 1)), constant_values=np.nan)
    hashes, at = _hashed(apart.ravel(), rate_hz)
    row, column = np.divmod(at, apart.shape[1])
    return _once(hashes, np.rint((start[row] + column) * 1e3 / rate_hz).astype(np.int64))


def shared(first: Sequence[Stretches], second: Sequence[Stretches]) -> Iterator[tuple[int, int, int]]:
    """Every two recordings that hold the same seconds: number in ``first``, in ``second``, stretches in common."""
    ours, mine = _joined(first)
    theirs, other = _joined(second)
    order = np.argsort(theirs.hashes, kind="stable")
    known = theirs.hashes[order]
    low, high = np.searchsorted(known, ours.hashes, "left"), np.searchsorted(known, ours.hashes, "right")
    counts = high - low
    left = np.repeat(np.arange(ours.hashes.size), counts)
    within = np.arange(left.size) - np.repeat(np.cumsum(counts) - counts, counts)
    right = order[low[left] + within]
    pairs = np.stack((mine[left], other[right], ours.at_ms[left] - theirs.at_ms[right]), axis=1)
    agreeing, times = np.unique(pairs, axis=0, return_counts=True)
    best: dict[tuple[int, int], int] = {}
    for (i, j, _), count in zip(
        agreeing[times >= MIN_SHARED].tolist(), times[times >= MIN_SHARED].tolist(), strict=True
    ):
        best[i, j] = max(count, best.get((i, j), 0))
    yield from ((i, j, count) for (i, j), count in best.items())


def _joined(several: Sequence[Stretches]) -> tuple[Stretches, NDArray[np.int64]]:
    """All in one, and whose each is."""
    whose = np.repeat(np.arange(len(several)), np.array([one.hashes.size for one in several], dtype=np.int64))
    parts = [none_known(), *several]
    return Stretches(np.concatenate([one.hashes for one in parts]), np.concatenate([one.at_ms for one in parts])), whose


def _hashed(signal: NDArray[np.float64], rate_hz: float) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The hash of every stretch, and the sample it begins at."""
    points = np.rint(np.arange(POINTS) * POINT_S * rate_hz).astype(np.int64)
    peaks = _peaks(signal, max(1, round(PEAK_REACH_S * rate_hz)))
    peaks = peaks[peaks + points[-1] < signal.size]
    whole = signal[peaks[:, None] + np.arange(points[-1] + 1)]
    least, greatest = whole.min(axis=1), whole.max(axis=1)
    kept = greatest > least  # false too where a sample is missing
    peaks, whole, least, span = peaks[kept], whole[kept], least[kept], (greatest - least)[kept]
    level = np.minimum((whole[:, points] - least[:, None]) / span[:, None] * LEVELS, LEVELS - 1).astype(np.uint64)
    hashes = np.zeros(peaks.size, dtype=np.uint64)
    for point in range(POINTS):
        hashes = (hashes ^ level[:, point]) * _MIX[point]  # unsigned arithmetic wraps, as a hash should
        hashes ^= hashes >> np.uint64(29)
    return hashes, peaks


def _peaks(signal: NDArray[np.float64], reach: int) -> NDArray[np.int64]:
    """Samples higher than each other sample within ``reach``; none where one of those is missing."""
    inner = signal[1:-1]
    peaks = np.flatnonzero((inner > signal[:-2]) & (inner > signal[2:])) + 1
    peaks = peaks[(peaks >= reach) & (peaks + reach < signal.size)]
    around = signal[peaks[:, None] + np.concatenate((np.arange(-reach, 0), np.arange(1, reach + 1)))]
    return peaks[(signal[peaks, None] > around).all(axis=1)]


def _once(hashes: NDArray[np.uint64], at_ms: NDArray[np.int64]) -> Stretches:
    order = np.lexsort((at_ms, hashes))
    hashes, at_ms = hashes[order], at_ms[order]
    seen_again = (hashes[1:] == hashes[:-1]) & (at_ms[1:] == at_ms[:-1])  # in a window that overlaps
    keep = np.concatenate((np.ones(min(1, hashes.size), dtype=np.bool_), ~seen_again))
    hashes, at_ms = hashes[keep], at_ms[keep]
    _, where, times = np.unique(hashes, return_index=True, return_counts=True)
    alone = where[times == 1]
    return Stretches(hashes[alone], at_ms[alone])
