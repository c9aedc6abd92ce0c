"""Paired bootstrap over people: how far a gain in OA would move, had other people been recorded."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from train.report.experiments import Experiment
from train.report.runs import Answers, Floats, Run

RESAMPLES = 2000
SEED = 0
"""One stream of resamples for every table, so that a report is made again bit by bit."""


@dataclass(frozen=True, slots=True)
class Gain:
    """A difference of OA, as shares, averaged over the seeds that both sides have."""

    mean: float
    by_seed: dict[int, float]
    interval: tuple[float, float] | None
    """95 %; None where the results do not hold the same people's hits."""

    @property
    def includes_zero(self) -> bool:
        """Whether the interval leaves open that there is no difference; so does the lack of one."""
        return self.interval is None or self.interval[0] <= 0.0 <= self.interval[1]

    @property
    def verdict(self) -> str:
        """What the interval allows to say."""
        if self.interval is None:
            return "no interval"
        if self.includes_zero:
            return "not told apart from 0"
        return "above 0" if self.mean > 0.0 else "below 0"


def paired_gain(pairs: Mapping[int, tuple[Answers, Answers]], resamples: int = RESAMPLES) -> Gain:
    """The gain of the first of each pair over the second.

    People are resampled, the same for both sides and for all seeds; of each resample, OA is the sum of hits over the
    sum of probes, and the gain is the mean over seeds of the difference.

    Args:
        pairs: by seed; at least one.
        resamples: of the bootstrap.
    """
    by_seed = {seed: with_.oa - without.oa for seed, (with_, without) in sorted(pairs.items())}
    return Gain(float(np.mean(list(by_seed.values()))), by_seed, _interval(list(pairs.values()), resamples))


def gain_over(one: Experiment, baseline: Experiment, shots: int | None = None) -> Gain:
    """The gain of an experiment over another of the same protocol, which share a seed.

    Args:
        one: whose gain.
        baseline: over whom.
        shots: N; None for seen people.
    """
    seeds = one.by_seed.keys() & baseline.by_seed.keys()
    return paired_gain(
        {seed: (answers_at(one.by_seed[seed], shots), answers_at(baseline.by_seed[seed], shots)) for seed in seeds}
    )


def gain_by_shots(one: Experiment, fewer: int, more: int) -> Gain:
    """How an experiment's own OA changes from one N to another; every run must have both."""
    return paired_gain({run.seed: (answers_at(run, more), answers_at(run, fewer)) for run in one.runs})


def _interval(pairs: list[tuple[Answers, Answers]], resamples: int) -> tuple[float, float] | None:
    hits, probes, people = [], [], pairs[0][0].people
    for answers in (answers for pair in pairs for answers in pair):
        if answers.hits is None or answers.probes is None or answers.people != people:
            return None
        hits.append(answers.hits)
        probes.append(answers.probes)
    if any((one != probes[0]).any() for one in probes):
        return None
    differences = _resampled(np.stack(hits), probes[0], resamples)
    low, high = np.quantile(differences, (0.025, 0.975))
    return float(low), float(high)


def _resampled(hits: Floats, probes: Floats, resamples: int) -> Floats:
    """Mean differences (B,) of hits (2 x seeds, people), each second row taken from the one before it."""
    people = probes.size
    rng = np.random.default_rng(SEED)
    weights = rng.multinomial(people, np.full(people, 1.0 / people), size=resamples).astype(np.float64)
    more = (hits[0::2] - hits[1::2]).mean(axis=0)  # the sums of probes are alike, so seeds average before the division
    asked = weights @ probes
    usable = asked > 0.0
    return np.asarray((weights @ more)[usable] / asked[usable])


def answers_at(run: Run, shots: int | None) -> Answers:
    """A run's answers about seen people (None), or at N shots."""
    if run.seen is not None:
        return run.seen
    return next(one.answers for one in run.shots if one.n == shots)
