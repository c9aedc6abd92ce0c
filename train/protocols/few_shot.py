"""N-shot recognition of people who never trained."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.metrics import det, eer_of, fnmr_of, rank_one_hits
from train.protocols.prototypes import Prototype, mean

Floats = NDArray[np.float64]

SHOTS = (1, 5, 10)
DRAWS = 5
POOL_WINDOWS = 25
"""Enrolment windows are drawn from a person's first 25 good ones, a minute of pulse as the device enrols."""
FMR = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class FewShot:
    """One N over all people tested and all draws; per-person arrays are (people,) and let intervals be made."""

    shots: int
    oa: float
    eer: float
    fnmr: float
    """At FMR 1 %."""
    hits: Floats
    """Mean over draws of each person's rank-1 hits."""
    probes: NDArray[np.int64]
    """Each person's probes."""
    draw_oa: Floats
    """(draws,)"""
    draw_eer: Floats


def few_shot(
    people: list[NDArray[np.float32]],
    shots: int,
    prototype: Prototype = mean,
    draws: int = DRAWS,
    seed: int = 0,
) -> FewShot:
    """Enrol everyone from N windows of their first minute and probe them with what comes after it.

    Args:
        people: embeddings (n, d) of each person's good windows without overlap, in order of time; each longer than
            ``POOL_WINDOWS``.
        shots: N.
        prototype: how shots become a score.
        draws: repetitions; the same ``seed`` draws the same windows, whatever made the embeddings.
        seed: of the draws.
    """
    probes = [one[POOL_WINDOWS:] for one in people]
    own = np.repeat(np.arange(len(people)), [len(one) for one in probes])
    pooled_probes = np.concatenate(probes)
    rng = np.random.default_rng(seed)
    oas, eers, fnmrs, hits = [], [], [], []
    for _ in range(draws):
        # One permutation a person and draw: five shots contain the one, and ten the five.
        picks = [rng.permutation(POOL_WINDOWS)[:shots] for _ in people]
        columns = [prototype(one[pick], pooled_probes) for one, pick in zip(people, picks, strict=True)]
        scores = np.stack(columns, axis=1)
        hit = rank_one_hits(scores, own)
        mated = scores[np.arange(len(own)), own]
        other = scores[np.arange(len(people)) != own[:, None]]
        points = det(mated, other)
        oas.append(float(hit.mean()))
        eers.append(float(eer_of(points.fmr, points.fnmr)))
        fnmrs.append(float(fnmr_of(points.fmr, points.fnmr, FMR)))
        hits.append(np.bincount(own, hit, len(people)))
    return FewShot(
        shots=shots,
        oa=float(np.mean(oas)),
        eer=float(np.mean(eers)),
        fnmr=float(np.mean(fnmrs)),
        hits=np.mean(hits, axis=0),
        probes=np.bincount(own, minlength=len(people)).astype(np.int64),
        draw_oa=np.array(oas),
        draw_eer=np.array(eers),
    )
