"""Error rates of one condition: comparisons of one length, and the course of one error against the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from device.bootstrap import RESAMPLES, resampled_rates
from device.evaluation.protocol import Decisions
from device.metrics import det, fnmr_of, least_fmr
from train.report.bundle.pulses import Floats

_POINTS = 48
HIGHEST_FMR = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """FNMR (k,) at rising false match rates (k,), with the 95 % band over people; none below what they can tell."""

    fmr: Floats
    fnmr: Floats
    low: Floats
    high: Floats

    def at(self, rate: float) -> tuple[float, float, float] | None:
        """FNMR, low and high at one of its rates, None where the people cannot tell so small a one."""
        found = np.flatnonzero(np.isclose(self.fmr, rate, rtol=1e-9, atol=0.0))
        return None if not found.size else tuple_of(self, int(found[0]))

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares."""
        return {name: getattr(self, name).tolist() for name in self.__slots__}


def tuple_of(curve: Curve, place: int) -> tuple[float, float, float]:
    """FNMR, low and high at one place of a curve."""
    return float(curve.fnmr[place]), float(curve.low[place]), float(curve.high[place])


TABLE_FMRS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Rates that the table of a curve shows."""


def curve_of(decisions: Decisions, seed: int) -> Curve | None:
    """The detection error trade-off with its band, None without comparisons or where every rate is beyond the people.

    The band is pointwise: of resamples of people, the middle 95 % of FNMR at each false match rate.
    """
    people = decisions.scores.shape[1]
    least = least_fmr(people)
    if not decisions.mated.size or least >= HIGHEST_FMR:
        return None
    fixed = [rate for rate in TABLE_FMRS if rate >= least]
    rates = np.unique(np.concatenate((np.geomspace(least, HIGHEST_FMR, _POINTS), fixed)))
    points = det(decisions.mated, decisions.non_mated)
    weights = np.random.default_rng(seed).multinomial(people, np.full(people, 1.0 / people), size=RESAMPLES)
    fmr, fnmr = resampled_rates(decisions.scores, decisions.own, weights.astype(np.float64))
    usable = np.isfinite(fmr).all(axis=1) & np.isfinite(fnmr).all(axis=1)
    fmr, fnmr = fmr[usable], fnmr[usable]
    bands = np.array([np.quantile(fnmr_of(fmr, fnmr, rate), (0.025, 0.975)) for rate in rates])
    return Curve(
        fmr=rates,
        fnmr=np.array([float(fnmr_of(points.fmr, points.fnmr, rate)) for rate in rates]),
        low=bands[:, 0],
        high=bands[:, 1],
    )
