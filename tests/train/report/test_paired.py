from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.train.report.conftest import Maker
from train.report.experiments import group, partner
from train.report.paired import SEED, gain_by_shots, gain_over, paired_gain
from train.report.runs import Answers, find_runs


def answers(hits: list[float], probes: list[float], names: str = "abcdefgh") -> Answers:
    people = tuple(names[: len(hits)])
    return Answers(sum(hits) / sum(probes), people, np.array(hits), np.array(probes))


def plain_interval(pairs: dict[int, tuple[Answers, Answers]], resamples: int) -> tuple[float, float]:
    """By plain loops over people that are drawn, as the definition says."""
    people = len(next(iter(pairs.values()))[0].people)
    weights = np.random.default_rng(SEED).multinomial(people, [1.0 / people] * people, size=resamples)
    drawn = []
    for row in weights:
        chosen = [i for i, times in enumerate(row) for _ in range(times)]
        gains = []
        for with_, without in pairs.values():
            assert with_.hits is not None
            assert with_.probes is not None
            assert without.hits is not None
            assert without.probes is not None
            oa = sum(with_.hits[i] for i in chosen) / sum(with_.probes[i] for i in chosen)
            gains.append(oa - sum(without.hits[i] for i in chosen) / sum(without.probes[i] for i in chosen))
        drawn.append(sum(gains) / len(gains))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


PROBES = [10.0, 20.0, 12.0, 7.0]
PAIRS = {
    1: (answers([9, 18, 12, 3], PROBES), answers([8, 19, 10, 1], PROBES)),
    2: (answers([10, 17, 11, 5], PROBES), answers([7, 17, 11, 2], PROBES)),
}


def test_the_gain_is_the_mean_over_seeds() -> None:
    gain = paired_gain(PAIRS)
    expected = [(9 + 18 + 12 + 3 - 8 - 19 - 10 - 1) / 49, (10 + 17 + 11 + 5 - 7 - 17 - 11 - 2) / 49]
    assert list(gain.by_seed.values()) == pytest.approx(expected)
    assert gain.mean == pytest.approx(sum(expected) / 2)


def test_the_interval_is_what_plain_loops_find() -> None:
    gain = paired_gain(PAIRS, resamples=300)
    assert gain.interval == pytest.approx(plain_interval(PAIRS, 300))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=8), st.floats(0.0, 1.0))
def test_alike_answers_have_no_gain_and_a_constant_shift_is_certain(hits: list[int], shift: float) -> None:
    probes = [20.0] * len(hits)
    one = answers([float(hit) for hit in hits], probes)
    more = answers([hit + 10.0 * shift for hit in hits], probes)
    alike = paired_gain({1: (one, one), 2: (one, one)}, resamples=50)
    assert alike.mean == 0.0
    assert alike.interval == (0.0, 0.0)
    assert alike.includes_zero
    shifted = paired_gain({1: (more, one)}, resamples=50)
    assert shifted.mean == pytest.approx(shift / 2)
    assert shifted.interval == pytest.approx((shift / 2, shift / 2))


def test_the_interval_holds_the_gain_and_is_made_again_alike() -> None:
    gain = paired_gain(PAIRS)
    assert gain.interval is not None
    assert gain.interval[0] <= gain.mean <= gain.interval[1]
    assert paired_gain(PAIRS) == gain
    swapped = paired_gain({seed: (without, with_) for seed, (with_, without) in PAIRS.items()})
    assert swapped.interval == pytest.approx((-gain.interval[1], -gain.interval[0]))


@pytest.mark.parametrize(
    "other",
    [
        answers([1, 1, 1, 1], PROBES, "wxyz"),
        answers([1, 1, 1, 1], [10.0, 20.0, 12.0, 8.0]),
        Answers(0.5, ("a", "b", "c", "d"), None, None),
    ],
)
def test_what_cannot_be_paired_has_no_interval(other: Answers) -> None:
    gain = paired_gain({1: (PAIRS[1][0], other)})
    assert gain.interval is None
    assert gain.verdict == "no interval"
    assert gain.mean == pytest.approx(PAIRS[1][0].oa - other.oa)


def test_verdicts() -> None:
    assert paired_gain({1: (answers([9, 9], [10, 10]), answers([5, 5], [10, 10]))}).verdict == "above 0"
    assert paired_gain({1: (answers([5, 5], [10, 10]), answers([9, 9], [10, 10]))}).verdict == "below 0"
    assert paired_gain({1: (answers([9, 5], [10, 10]), answers([5, 9], [10, 10]))}).verdict == "not told apart from 0"


def test_only_common_seeds_are_compared(make: Maker) -> None:
    for seed in (1, 2, 3):
        make("none", seed, noise=1.0)
    for seed in (2, 3, 4):
        make("proposed", seed, noise=0.8)
    experiments = group(find_runs([make.folder])[0])
    baseline, proposed = experiments
    assert partner(proposed, experiments, "none") is baseline
    gain = gain_over(proposed, baseline)
    assert set(gain.by_seed) == {2, 3}
    for seed, value in gain.by_seed.items():
        one, other = proposed.by_seed[seed].seen, baseline.by_seed[seed].seen
        assert one is not None
        assert other is not None
        assert value == pytest.approx(one.oa - other.oa)


def test_more_shots_are_paired_with_fewer_of_the_same_run(make: Maker, tmp_path: Path) -> None:
    make("none", 1, kind="subject-wise", noise=1.2)
    (one,) = group(find_runs([make.folder])[0])
    gain = gain_by_shots(one, 1, 10)
    assert gain.mean == pytest.approx(one.first.shots[2].answers.oa - one.first.shots[0].answers.oa)
    assert gain.interval is not None
