"""Every error rate, derived again by plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.metrics import (
    det,
    equal_error_rate,
    fnmr_at_fmr,
    least_fmr,
    people_for_fmr,
    rank_one,
    rule_of_three,
)

# Few distinct values, so that ties are the rule.
score = st.integers(-4, 4).map(lambda k: k / 4)
some = st.lists(score, min_size=1, max_size=30)


def loop_rates(mated: list[float], non_mated: list[float], threshold: float) -> tuple[float, float]:
    false_matches = false_non_matches = 0
    for value in non_mated:
        if value >= threshold:
            false_matches += 1
    for value in mated:
        if value < threshold:
            false_non_matches += 1
    return false_matches / len(non_mated), false_non_matches / len(mated)


def loop_points(mated: list[float], non_mated: list[float]) -> list[tuple[float, float]]:
    return [loop_rates(mated, non_mated, t) for t in [*sorted({*mated, *non_mated}), math.inf]]


@given(some, some)
def test_det_is_every_operating_point(mated: list[float], non_mated: list[float]) -> None:
    points = det(mated, non_mated)
    assert list(zip(points.fmr, points.fnmr, strict=True)) == loop_points(mated, non_mated)


@given(some, some)
def test_equal_error_rate_crosses_the_det(mated: list[float], non_mated: list[float]) -> None:
    points = loop_points(mated, non_mated)
    expected = None
    previous = points[0]
    for fmr, fnmr in points:
        if fnmr >= fmr:
            low, high = previous[1] - previous[0], fnmr - fmr
            part = -low / (high - low) if high > low else 1.0
            expected = previous[0] + part * (fmr - previous[0])
            break
        previous = (fmr, fnmr)
    assert expected is not None
    assert equal_error_rate(mated, non_mated) == pytest.approx(expected)


@given(some, some)
def test_equal_error_rate_does_not_depend_on_order_or_scale(mated: list[float], non_mated: list[float]) -> None:
    value = equal_error_rate(mated, non_mated)
    assert 0.0 <= value <= 1.0
    assert equal_error_rate(mated[::-1], [*non_mated, *non_mated]) == pytest.approx(value)
    assert equal_error_rate([3 * x + 1 for x in mated], [3 * x + 1 for x in non_mated]) == pytest.approx(value)


@given(some, some, st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_fnmr_at_fmr_is_the_best_allowed_point(mated: list[float], non_mated: list[float], at: float) -> None:
    allowed = [fnmr for fmr, fnmr in loop_points(mated, non_mated) if fmr <= at]
    assert fnmr_at_fmr(mated, non_mated, at) == min(allowed)


def test_known_values() -> None:
    assert equal_error_rate([0.9, 0.8], [0.1, 0.2]) == 0.0
    assert equal_error_rate([0.1, 0.2], [0.8, 0.9]) == 1.0
    assert equal_error_rate([0.5] * 7, [0.5] * 9) == pytest.approx(0.5)
    assert equal_error_rate([0.9, 0.4], [0.5, 0.1]) == pytest.approx(0.5)


def test_one_in_a_hundred_is_one_per_cent() -> None:
    assert fnmr_at_fmr([0.5], [*[0.0] * 99, 0.5], 0.01) == 0.0  # 1 - 0.99 would be above 0.01


@given(st.integers(2, 6), st.data())
def test_rank_one_counts_ties_as_misses(people: int, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(score, min_size=people, max_size=people), min_size=1, max_size=8))
    own = data.draw(st.lists(st.integers(0, people - 1), min_size=len(rows), max_size=len(rows)))
    hits = 0
    for row, mine in zip(rows, own, strict=True):
        hits += all(row[mine] > other for k, other in enumerate(row) if k != mine)
    assert rank_one(np.array(rows), np.array(own)) == hits / len(rows)


@pytest.mark.parametrize(("mated", "non_mated"), [([], [0.1]), ([0.1], []), ([math.nan], [0.1])])
def test_nothing_to_measure_is_refused(mated: list[float], non_mated: list[float]) -> None:
    with pytest.raises(ValueError, match="scores"):
        equal_error_rate(mated, non_mated)


def test_rule_of_three() -> None:
    assert rule_of_three(300) == 0.01
    assert rule_of_three(0) == 1.0


@pytest.mark.parametrize("fmr", [0.2, 0.05, 0.01, 0.003, 0.001, 1e-4])
def test_how_many_people_a_rate_takes(fmr: float) -> None:
    people = 2
    while 3.0 / (people * (people - 1) // 2) > fmr:
        people += 1
    assert people_for_fmr(fmr) == people
    assert least_fmr(people) <= fmr < least_fmr(people - 1)
    assert least_fmr(46) == pytest.approx(0.0029, abs=1e-5)
