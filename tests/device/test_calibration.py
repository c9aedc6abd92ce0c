"""What log-likelihood ratios cost, by plain loops and against scikit-learn's isotonic regression."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.calibration import Calibration, cllr, least_cllr

scores = st.lists(st.integers(-6, 6).map(float), min_size=1, max_size=30)


def plain_cllr(mated: list[float], non_mated: list[float]) -> float:
    own = sum(math.log2(1 + math.exp(-llr)) for llr in mated) / len(mated)
    other = sum(math.log2(1 + math.exp(llr)) for llr in non_mated) / len(non_mated)
    return (own + other) / 2


def plain_least(mated: list[float], non_mated: list[float]) -> float:
    """The same, each ratio replaced by the best non-decreasing one: pool until nothing falls."""
    values = sorted({*mated, *non_mated})
    blocks = [
        [mated.count(v) / len(mated), non_mated.count(v) / len(non_mated), mated.count(v), non_mated.count(v)]
        for v in values
    ]
    falling = True
    while falling:
        falling = False
        for i in range(len(blocks) - 1):
            (m, n, *_), (m2, n2, *_) = blocks[i], blocks[i + 1]
            if m * (m2 + n2) > m2 * (m + n):
                blocks[i : i + 2] = [[a + b for a, b in zip(blocks[i], blocks[i + 1], strict=True)]]
                falling = True
                break
    cost = 0.0
    for m, n, _, _ in blocks:
        share = m / (m + n)
        cost += (m * -math.log2(share) if m else 0.0) + (n * -math.log2(1 - share) if n else 0.0)
    return cost / 2


@given(scores, scores)
def test_costs_against_plain_loops(mated: list[float], non_mated: list[float]) -> None:
    own, other = np.array(mated), np.array(non_mated)
    assert cllr(own, other) == pytest.approx(plain_cllr(mated, non_mated))
    least = least_cllr(own, other)
    assert least == pytest.approx(plain_least(mated, non_mated), abs=1e-12)
    assert -1e-12 <= least <= min(1.0, cllr(own, other)) + 1e-9


def test_the_scale_of_the_cost() -> None:
    nothing = np.zeros(5)
    assert cllr(nothing, nothing) == pytest.approx(1.0)
    assert cllr(np.full(3, 50.0), np.full(3, -50.0)) == pytest.approx(0.0, abs=1e-12)
    assert least_cllr(np.array([1.0, 2.0]), np.array([-1.0, 0.0])) == 0.0


def test_the_least_cost_does_not_depend_on_the_scale() -> None:
    rng = np.random.default_rng(0)
    own, other = rng.normal(2, 1, 200), rng.normal(0, 1, 400)
    assert least_cllr(own, other) == pytest.approx(least_cllr(np.exp(own), np.exp(other)))


def test_longer_probes_than_any_calibrated_use_the_last_row() -> None:
    calibration = Calibration(((1.0, 0.5), (2.0, -1.0)))
    values = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert calibration.llr(values, 1).tolist() == [[0.5, 1.5], [2.5, 3.5]]
    assert calibration.llr(values, 2).tolist() == calibration.llr(values, 30).tolist() == [[-1.0, 1.0], [3.0, 5.0]]
