"""Error rates of comparisons of one length, and their intervals over people."""

import numpy as np

from device.bootstrap import people_intervals
from device.evaluation.protocol import Decisions
from device.evaluation.settings import FMRS, DecisionRates
from device.metrics import equal_error_rate, fnmr_at_fmr, least_fmr, rank_one


def decision_rates(seconds: float, decisions: Decisions, seed: int) -> DecisionRates:
    """What comparisons of so many seconds come to; ``seed`` of the bootstrap."""
    scores, own = decisions.scores, decisions.own
    mated, non_mated = decisions.mated, decisions.non_mated
    known = bool(mated.size)
    people = scores.shape[1]
    supported = {fmr: known and least_fmr(people) <= fmr for fmr in FMRS}
    # The same seed for every length: their intervals then come of the same draws of people.
    intervals = people_intervals(scores, own, FMRS, np.random.default_rng(seed)) if known else None
    return DecisionRates(
        seconds=seconds,
        windows=decisions.windows,
        mated=mated.size,
        non_mated=non_mated.size,
        probed_people=np.unique(own).size,
        not_acquired=decisions.not_acquired,
        eer=equal_error_rate(mated, non_mated) if known else None,
        eer_ci95=intervals.eer if intervals else None,
        fnmr_at_fmr={f: fnmr_at_fmr(mated, non_mated, f) if ok else None for f, ok in supported.items()},
        fnmr_at_fmr_ci95={f: intervals.fnmr_at_fmr[f] if ok and intervals else None for f, ok in supported.items()},
        rank1=rank_one(scores, own) if known else None,
        rank1_ci95=intervals.rank_one if intervals else None,
    )
