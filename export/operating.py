"""What a bundle's scores are worth and when it decides: set on people who never trained, by the device's own path."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from device.bootstrap import thresholds_within
from device.calibration import Calibration, cllr
from device.comparison import Comparator
from device.decision import DEFAULT_FMR, Boundaries
from device.embedders import Embedder
from device.enrolment import windows_in
from device.evaluation.attempt_rates import GALLERIES, GALLERY_SIZES
from device.evaluation.attempts import Attempts, attempt, verify
from device.evaluation.protocol import Plan, Selector, references_of
from device.evaluation.settings import Settings
from device.evaluation.timelines import timelines_of
from device.frontend import FrontEndSpec
from device.manifest import Comparison, DecisionSpec
from device.metrics import least_fmr, own_cells
from export.errors import ExportError, ExportReason
from firmware_bridge.recordings import Recording

FMRS = (0.05, 0.02, DEFAULT_FMR)
"""Operating points that ship, beside the smallest that the people held out support."""
FIRST_S, LAST_S = 8.4, 30.0
"""Signal before the first answer and by the last; chosen on the people held out."""
LOST = 0.005
"""Share of mated attempts, of those that would be accepted, that may be rejected early."""
MIN_PEOPLE = 12
"""With fewer, not even a false match rate of 5 % can be told."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The recordings that decisions are set on, and what to call them in the manifest."""

    recordings: tuple[Recording, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Operating:
    """How a bundle compares and decides."""

    comparison: Comparison
    decision: DecisionSpec


def operating(
    embedder: Embedder, cohort: NDArray[np.float32], nearest: int, spec: FrontEndSpec, held_out: HeldOut
) -> Operating:
    """Enrol and probe everyone held out; calibrate, and set the boundaries of the sequential test.

    Raises:
        ExportError: CALIBRATION, where too few people can be enrolled or probed.
    """
    plans = _plans(embedder, spec, held_out)
    people, longest = len(plans), windows_in(LAST_S, spec)
    _require_enough(people, "enrolled", held_out.name)
    references = references_of(plans)
    # Scores taken for ratios: the attempts are those of the calibrated device.
    raw = attempt(plans, Comparator(cohort, nearest, Calibration(((1.0, 0.0),))).against(references), longest)
    _require_enough(np.unique(raw.own).size, "probed", held_out.name)
    mine = own_cells(raw.llr[:, 0], raw.own)
    calibration = Calibration(tuple(_fit(raw.llr[:, k][mine], raw.llr[:, k][~mine]) for k in range(longest)))
    llr = np.stack([calibration.llr(raw.llr[:, k], k + 1) for k in range(longest)], axis=1)
    attempts = replace(raw, llr=llr)
    before, after = raw.llr[:, -1], attempts.llr[:, -1]
    comparison = Comparison(
        nearest, calibration, cllr_before=cllr(before[mine], before[~mine]), cllr=cllr(after[mine], after[~mine])
    )
    return Operating(comparison, _decision(attempts, windows_in(FIRST_S, spec), people, held_out.name))


def _plans(embedder: Embedder, spec: FrontEndSpec, held_out: HeldOut) -> list[Plan]:
    selector = Selector(Settings(), spec)
    lines = timelines_of(held_out.recordings, embedder, spec, windowed=False)
    return [plan for plan in (selector.plan(line.subject, [line]) for line in lines) if plan.enrollable]


def _require_enough(people: int, what: str, name: str) -> None:
    if people < MIN_PEOPLE:
        raise ExportError(
            ExportReason.CALIBRATION,
            f"{people} people of {name} could be {what}; a threshold takes {MIN_PEOPLE}: hold more people out",
        )


def _fit(mated: Floats, non_mated: Floats) -> tuple[float, float]:
    """Slope and offset from scores to log-likelihood ratios: mated and non-mated as likely as each other."""
    scores = np.concatenate((mated, non_mated))[:, None]
    labels = np.arange(len(scores)) < mated.size
    model = LogisticRegression(class_weight="balanced", tol=1e-8, max_iter=1000).fit(scores, labels)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _decision(attempts: Attempts, shortest: int, people: int, name: str) -> DecisionSpec:
    longest = attempts.llr.shape[1]
    rates = [*(fmr for fmr in FMRS if fmr > least_fmr(people)), least_fmr(people)]
    # An attempt is accepted if its evidence ever reaches the boundary: its greatest is what counts.
    highest = attempts.llr[:, shortest - 1 :].max(axis=1)
    accept = thresholds_within(highest, attempts.own, rates, np.random.default_rng(0))
    default = rates.index(DEFAULT_FMR) if DEFAULT_FMR in rates else -1
    return DecisionSpec(
        min_windows=shortest,
        max_windows=longest,
        operating_points=tuple(zip(rates, accept, strict=True)),
        gallery_slope=_gallery_slope(highest, attempts.own, rates[default], accept[default]),
        reject_llr=_reject_llr(attempts, Boundaries(shortest, longest, accept[-1], -np.inf), accept[0]),
        set_on=name,
        people=people,
    )


def _gallery_slope(highest: Floats, own: NDArray[np.intp], fmr: float, accept_llr: float) -> float:
    """By how much ``accept_llr`` has to rise with log N for a stranger to be taken for any of N as seldom as ``fmr``.

    ``highest`` (n, m) are the attempts' greatest ratios against each of m people.
    """
    people = highest.shape[1]
    rng = np.random.default_rng(0)
    sizes = [size for size in GALLERY_SIZES if 1 < size < people]
    steps = []
    for size in sizes:
        galleries = [rng.permutation(people)[:size] for _ in range(GALLERIES)]
        best = np.concatenate([highest[np.isin(own, g, invert=True)][:, g].max(axis=1) for g in galleries])
        steps.append(max(0.0, float(np.quantile(best, 1.0 - fmr)) - accept_llr))
    logs = np.log(sizes)
    return float(logs @ steps / (logs @ logs)) if sizes else 0.0


def _reject_llr(attempts: Attempts, boundaries: Boundaries, lowest_accept: float) -> float:
    """The highest early rejection that costs at most ``LOST`` of the mated attempts that would be accepted later."""
    accepted, windows = verify(attempts, boundaries)
    least = [
        attempts.llr[row, boundaries.min_windows - 1 : windows[row, person], person].min()
        for row, person in enumerate(attempts.own)
        if accepted[row, person]
    ]
    return float(min(np.quantile(least, LOST) if least else 0.0, 0.0, lowest_accept - 1.0))
