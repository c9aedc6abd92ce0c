"""The bootstrap over people, derived again by copying people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.bootstrap import _thresholds, people_intervals, resampled_rates
from device.metrics import equal_error_rate


@settings(max_examples=40)
@given(st.integers(2, 5), st.integers(0, 10_000))
def test_resampled_rates_are_those_of_copied_people(people: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = rng.integers(0, people, size=12)
    scores = rng.integers(-3, 4, size=(12, people)) / 3.0
    weights = rng.multinomial(people, np.full(people, 1 / people), size=3).astype(float)
    fmr, fnmr = resampled_rates(scores, own, weights)
    mated = scores[np.arange(12), own]
    non_mated = np.array([scores[i, j] for i in range(12) for j in range(people) if j != own[i]])
    for k, threshold in enumerate(_thresholds(mated, non_mated)):
        for b, weight in enumerate(weights):
            copies = [person for person in range(people) for _ in range(int(weight[person]))]
            same = [scores[i, p] < threshold for p in copies for i in range(12) if own[i] == p]
            other = [
                scores[i, q] >= threshold for p in copies for q in copies if p != q for i in range(12) if own[i] == p
            ]
            assert fnmr[b, k] == pytest.approx(np.mean(same) if same else np.nan, nan_ok=True)
            assert fmr[b, k] == pytest.approx(np.mean(other) if other else np.nan, nan_ok=True)


def simulated(people: int, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(people), each)
    scores = rng.normal(0.0, 0.25, size=(people * each, people))
    easy = rng.normal(0.8, 0.3, size=people)  # people differ: that is what the interval is about
    scores[np.arange(len(own)), own] = easy[own] + rng.normal(0.0, 0.1, size=len(own))
    return scores, own


def test_interval_holds_the_estimate_and_is_wider_than_over_comparisons() -> None:
    scores, own = simulated(20, 30, 1)
    is_mated = np.zeros(scores.shape, dtype=bool)
    is_mated[np.arange(len(own)), own] = True
    estimate = equal_error_rate(scores[is_mated], scores[~is_mated])
    intervals = people_intervals(scores, own, (0.01,), np.random.default_rng(0), resamples=300)
    assert intervals.eer is not None
    low, high = intervals.eer
    assert low < estimate < high
    naive = 1.96 * np.sqrt(estimate * (1 - estimate) / is_mated.sum())
    assert high - low > 2 * naive


def test_same_seed_same_interval() -> None:
    scores, own = simulated(6, 5, 2)
    first, second = (people_intervals(scores, own, (0.01,), np.random.default_rng(7), 100) for _ in range(2))
    assert first == second


def test_many_scores_go_on_a_grid_that_keeps_the_equal_error_rate() -> None:
    scores, own = simulated(15, 40, 3)
    is_mated = np.zeros(scores.shape, dtype=bool)
    is_mated[np.arange(len(own)), own] = True
    fmr, fnmr = resampled_rates(scores, own, np.ones((1, 15)))
    from device.metrics import eer_of

    exact = equal_error_rate(scores[is_mated], scores[~is_mated])
    assert eer_of(fmr, fnmr)[0] == pytest.approx(exact, abs=2e-3)


def test_perfect_separation_has_no_error_in_any_resample() -> None:
    own = np.repeat(np.arange(4), 3)
    scores = np.where(own[:, None] == np.arange(4), 0.9, 0.1)
    intervals = people_intervals(scores, own, (0.01,), np.random.default_rng(0), 200)
    assert intervals.eer == (0.0, 0.0)
    assert intervals.rank_one == (1.0, 1.0)
