"""Attempts, as the device makes them: evidence grows window by window, and a sequential test answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.comparison import Scorer
from device.decision import ACCEPT, GO_ON, Boundaries, GivenUp
from device.evaluation.protocol import Plan, attempts_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Attempts:
    """The evidence of n attempts against m references, after each of up to K good windows.

    `llr` (n, K, m) are log-likelihood ratios; `seen` (n, K) the windows, good and bad, that each took; `own` (n,) the
    column of the person whose pulse it is; `given_up` attempts of too few good windows are not among them.
    """

    llr: Floats
    seen: NDArray[np.intp]
    own: NDArray[np.intp]
    given_up: int


def attempt(plans: Sequence[Plan], scorer: Scorer, max_windows: int) -> Attempts:
    """Let everyone enrolled try with all that is left of their signal; `scorer` knows their references."""
    llr: list[Floats] = []
    seen: list[list[int]] = []
    own: list[int] = []
    given_up = 0
    for position, plan in enumerate(plans):
        for one in (one for probe in plan.probes for one in attempts_of(probe, max_windows)):
            if isinstance(one, GivenUp):
                given_up += 1
                continue
            llr.append(np.stack([scorer.llr(evidence.probe, evidence.windows) for evidence in one]))
            seen.append([evidence.seen for evidence in one])
            own.append(position)
    return Attempts(
        llr=np.stack(llr) if llr else np.empty((0, max_windows, len(plans))),
        seen=np.array(seen, dtype=np.intp).reshape(-1, max_windows),
        own=np.array(own, dtype=np.intp),
        given_up=given_up,
    )


def verify(attempts: Attempts, boundaries: Boundaries) -> tuple[Bools, NDArray[np.intp]]:
    """Each attempt as a claim to be each person: whether it is accepted (n, m), after how many good windows (n, m)."""
    verdicts = _verdicts(attempts.llr, boundaries)
    first = (verdicts != GO_ON).argmax(axis=1)
    accepted = np.take_along_axis(verdicts, first[:, None, :], axis=1)[:, 0, :] == ACCEPT
    return accepted, first + 1


def identify_among(attempts: Attempts, boundaries: Boundaries, gallery: NDArray[np.intp]) -> NDArray[np.intp]:
    """Whom of a gallery (g,) of columns each attempt is taken for, (n,) columns; -1 for nobody."""
    among = attempts.llr[:, :, gallery]
    best = among.argmax(axis=2)
    verdicts = _verdicts(among.max(axis=2, keepdims=True), boundaries.among(len(gallery)))[:, :, 0]
    first = (verdicts != GO_ON).argmax(axis=1)
    rows = np.arange(len(first))
    return np.where(verdicts[rows, first] == ACCEPT, gallery[best[rows, first]], -1)


def _verdicts(llr: Floats, boundaries: Boundaries) -> NDArray[np.int8]:
    judged = [boundaries.judge(llr[:, k], k + 1) for k in range(llr.shape[1])]
    return np.stack(judged, axis=1)
