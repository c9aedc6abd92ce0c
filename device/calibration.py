"""From a score to a log-likelihood ratio: how much more likely a comparison is of one person than of two.

One row of numbers for each count of pooled windows: neighbouring windows of a pulse resemble each other, so that ten
of them are not ten times the evidence of one. What they are worth together is measured, not multiplied.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """``rows[k - 1]`` has slope and offset for a probe of k windows; the last row serves longer ones too.

    Fitted by logistic regression with as much weight on mated as on non-mated comparisons. Source: Brümmer and
    du Preez 2006, "Application-independent evaluation of speaker detection", sections 3 and 6.
    """

    rows: tuple[tuple[float, float], ...]
    """At least one."""

    def llr(self, scores: Floats, windows: int) -> Floats:
        """Natural log-likelihood ratios, of the shape of ``scores``, of probes of so many windows."""
        slope, offset = self.rows[min(windows, len(self.rows)) - 1]
        return np.asarray(slope * scores + offset)


def cllr(mated: Floats, non_mated: Floats) -> float:
    """The cost of log-likelihood ratios, in bits: 0 is perfect, 1 what knowing nothing costs (Brümmer, ibid.)."""
    cost = np.logaddexp(0.0, -mated).mean() + np.logaddexp(0.0, non_mated).mean()
    return float(cost / (2.0 * math.log(2.0)))


def least_cllr(mated: Floats, non_mated: Floats) -> float:
    """The cost left if the same order of scores were calibrated with the truth at hand: ``cllr``'s lower bound."""
    scores = np.concatenate((mated, non_mated))
    weights = np.concatenate((np.full(mated.size, 0.5 / mated.size), np.full(non_mated.size, 0.5 / non_mated.size)))
    values, place = np.unique(scores, return_inverse=True)
    is_mated = np.arange(scores.size) < mated.size
    part = np.bincount(place, weights * is_mated, values.size).astype(np.float64)
    whole = np.bincount(place, weights, values.size).astype(np.float64)
    share = _rising(part, whole)[place]
    with np.errstate(divide="ignore"):
        bits = np.where(is_mated, -np.log2(share), -np.log2(1.0 - share))
    return float(weights @ bits)


def _rising(part: Floats, whole: Floats) -> Floats:
    """The non-decreasing shares (n,) nearest to ``part / whole``: neighbours that fall are pooled."""
    blocks: list[tuple[float, float, int]] = []
    for block in zip(part.tolist(), whole.tolist(), [1] * part.size, strict=True):
        pooled = block
        while blocks and blocks[-1][0] * pooled[1] >= pooled[0] * blocks[-1][1]:
            before = blocks.pop()
            pooled = (before[0] + pooled[0], before[1] + pooled[1], before[2] + pooled[2])
        blocks.append(pooled)
    return np.repeat([one / all_ for one, all_, _ in blocks], [size for _, _, size in blocks])
