"""What attempts come to: false matches and non-matches, how long they take, and identification among few or many."""

import numpy as np
from numpy.typing import NDArray

from device.bootstrap import outcome_intervals
from device.calibration import cllr, least_cllr
from device.decision import Boundaries
from device.enrolment import seconds_of
from device.evaluation.attempts import Attempts, identify_among, verify
from device.evaluation.settings import AttemptRates, GalleryRates
from device.frontend import FrontEndSpec
from device.metrics import own_cells

GALLERY_SIZES = (1, 2, 5, 10, 20)
GALLERIES = 50
"""Galleries drawn of each size."""


def attempt_rates(attempts: Attempts, boundaries: Boundaries, spec: FrontEndSpec, seed: int) -> AttemptRates:
    """Rates of at least one attempt against at least two people."""
    accepted, windows = verify(attempts, boundaries)
    own = own_cells(accepted, attempts.own)
    seconds = _seconds(attempts, windows, spec)
    last = attempts.llr[:, -1]
    rng = np.random.default_rng(seed)
    fmr_ci95, fnmr_ci95 = outcome_intervals(accepted, attempts.own, rng)
    return AttemptRates(
        accept_llr=boundaries.accept_llr,
        mated=int(own.sum()),
        non_mated=int((~own).sum()),
        given_up=attempts.given_up,
        false_matches=int(accepted[~own].sum()),
        fmr=float(accepted[~own].mean()),
        fmr_ci95=fmr_ci95,
        fnmr=float(1.0 - accepted[own].mean()),
        fnmr_ci95=fnmr_ci95,
        median_accept_s=_median(seconds[own & accepted]),
        median_reject_s=_median(seconds[~own & ~accepted]),
        cllr=cllr(last[own], last[~own]),
        least_cllr=least_cllr(last[own], last[~own]),
        identification=tuple(
            _among(attempts, boundaries, size, rng) for size in GALLERY_SIZES if size < accepted.shape[1]
        ),
    )


def _seconds(attempts: Attempts, windows: NDArray[np.intp], spec: FrontEndSpec) -> NDArray[np.float64]:
    """How much signal, good and bad, each answer took: (n, m)."""
    seen = np.take_along_axis(attempts.seen, windows - 1, axis=1)
    by_count = np.array([seconds_of(count, spec) for count in range(1, int(seen.max()) + 1)])
    return np.asarray(by_count[seen - 1])


def _median(seconds: NDArray[np.float64]) -> float | None:
    return float(np.median(seconds)) if seconds.size else None


def _among(attempts: Attempts, boundaries: Boundaries, size: int, rng: np.random.Generator) -> GalleryRates:
    people = attempts.llr.shape[2]
    strangers = taken = known = missed = 0
    for _ in range(GALLERIES):
        gallery = np.sort(rng.permutation(people)[:size])
        named = identify_among(attempts, boundaries, gallery)
        enrolled = np.isin(attempts.own, gallery)
        strangers += int((~enrolled).sum())
        taken += int((named[~enrolled] >= 0).sum())
        known += int(enrolled.sum())
        missed += int((named[enrolled] != attempts.own[enrolled]).sum())
    return GalleryRates(size, taken / max(1, strangers), missed / max(1, known))
