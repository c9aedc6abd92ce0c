"""The numbers of the tables, derived again by plain loops."""

import math

import numpy as np
import pytest

from device.decision import Boundaries
from device.enrolment import seconds_of
from device.evaluation.attempts import Attempts
from device.evaluation.decision_rates import decision_rates
from device.evaluation.protocol import Decisions
from tests.device.conftest import make_spec
from train.report.bundle.answering import QUANTILES, answering, quantiles
from train.report.bundle.groups import equal_threshold, groups_of
from train.report.bundle.persons import fewest_for_half, persons_of
from train.report.bundle.rates import TABLE_FMRS, curve_of
from train.report.bundle.sets import Facts

PEOPLE = 12


def decisions(people: int = PEOPLE, probes: int = 15, seed: int = 0) -> Decisions:
    """Scores on a coarse grid, so that many are equal."""
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(people), probes)
    scores = rng.normal(-2.0, 1.5, (own.size, people))
    scores[np.arange(own.size), own] += 3.5
    return Decisions(np.round(scores, 1), own, 0, 1)


def rates_by_hand(made: Decisions, threshold: float, rows: np.ndarray) -> tuple[float, float]:
    mated = missed = non_mated = accepted = 0
    for i in rows:
        for person in range(made.scores.shape[1]):
            reaches = made.scores[i, person] >= threshold
            if person == made.own[i]:
                mated, missed = mated + 1, missed + (not reaches)
            else:
                non_mated, accepted = non_mated + 1, accepted + bool(reaches)
    return missed / mated, accepted / non_mated


def thresholds(made: Decisions) -> list[float]:
    return [*sorted(set(made.scores.ravel().tolist())), math.inf]


def test_a_curve_is_the_fnmr_at_the_lowest_threshold_that_keeps_the_fmr() -> None:
    made = decisions()
    curve = curve_of(made, 0)
    assert curve is not None
    everyone = np.arange(made.own.size)
    at = [rates_by_hand(made, threshold, everyone) for threshold in thresholds(made)]
    expected = [next(fnmr for fnmr, fmr in at if fmr <= rate) for rate in curve.fmr]
    np.testing.assert_allclose(curve.fnmr, expected, atol=1e-12)
    assert (np.diff(curve.fnmr) <= 0).all()
    assert (curve.low <= curve.fnmr + 1e-9).mean() > 0.9
    assert (curve.fnmr <= curve.high + 1e-9).all()
    assert (curve.low < curve.high).any()


def test_a_curve_begins_where_its_people_can_tell_and_no_earlier() -> None:
    made = curve_of(decisions(), 0)
    assert made is not None
    assert made.fmr[0] == pytest.approx(3 / (PEOPLE * (PEOPLE - 1) / 2))
    assert made.at(0.01) is None
    assert [rate for rate in TABLE_FMRS if made.at(rate) is not None] == [0.05, 0.1, 0.2]
    assert curve_of(decisions(people=4), 0) is None
    assert curve_of(Decisions(np.empty((0, 9)), np.empty(0, dtype=np.intp), 3, 5), 0) is None


def test_the_common_threshold_is_where_errors_cross() -> None:
    made = decisions()
    everyone = np.arange(made.own.size)
    for threshold in thresholds(made):
        fnmr, fmr = rates_by_hand(made, threshold, everyone)
        if fnmr >= fmr:
            break
    assert equal_threshold(made) == threshold


def test_groups_are_rated_at_one_threshold() -> None:
    made = decisions()
    rng = np.random.default_rng(3)
    quality, bpm = rng.uniform(0.85, 1.0, made.own.size), rng.uniform(50.0, 100.0, made.own.size)
    facts = [Facts("F" if i % 2 else "M", 40 + 3 * i) for i in range(PEOPLE - 1)] + [Facts()]
    groups, notes = groups_of(made, quality, bpm, facts, 0)
    threshold = equal_threshold(made)
    ages = sorted(one.age for one in facts if one.age is not None)
    low, high = (math.ceil(np.quantile(ages, share)) for share in (1 / 3, 2 / 3))

    def rows(by: str, place: int) -> np.ndarray:
        if by == "sex":
            return np.array([i for i, p in enumerate(made.own) if facts[p].sex == "FM"[place]])
        if by == "age":
            bounds = (0, low, high, 999)
            return np.array(
                [i for i, p in enumerate(made.own) if (a := facts[p].age) and bounds[place] <= a < bounds[place + 1]]
            )
        values = quality if by == "signal quality" else bpm
        order = np.argsort(values)
        return order[len(order) * place // 3 : len(order) * (place + 1) // 3]

    assert [one.by for one in groups] == ["signal quality"] * 3 + ["heart rate"] * 3 + ["sex"] * 2 + ["age"] * 3
    places = [0, 1, 2, 0, 1, 2, 0, 1, 0, 1, 2]
    for group, place in zip(groups, places, strict=True):
        own = rows(group.by, place)
        fnmr, fmr = rates_by_hand(made, threshold, own)
        assert group.probes == len(own)
        assert group.people == len({int(made.own[i]) for i in own})
        assert (group.fnmr, group.fmr) == (pytest.approx(fnmr), pytest.approx(fmr))
        assert group.fnmr_ci95 is not None
        assert group.fnmr_ci95[0] <= group.fnmr <= group.fnmr_ci95[1]
    assert notes == ["sex is not told of 1 of 12 people", "age is not told of 1 of 12 people"]


def test_few_people_are_no_group_and_that_is_said() -> None:
    made = decisions(people=6)
    quality = np.where(made.own < 2, 0.9, 0.95) + np.linspace(0.0, 0.04, made.own.size)
    facts = [Facts("F")] * 2 + [Facts("M")] * 4
    groups, notes = groups_of(made, quality, quality, facts, 0)
    assert [one.name for one in groups if one.by == "sex"] == ["men"]
    assert "sex women: 2 people, too few for a group" in notes
    assert "the set does not tell age" in notes
    empty = Decisions(np.empty((0, 6)), np.empty(0, dtype=np.intp), 3, 5)
    assert groups_of(empty, np.empty(0), np.empty(0), facts, 0) == ([], ["no comparison could be filled"])


BOUNDARIES = Boundaries(min_windows=2, max_windows=4, accept_llr=2.0, reject_llr=-1.0)


def attempts(count: int = 40, people: int = 5, seed: int = 2) -> Attempts:
    rng = np.random.default_rng(seed)
    own = rng.integers(0, people - 1, count)  # the last is enrolled, but never tries
    llr = rng.normal(-0.5, 1.5, (count, 4, people))
    llr[np.arange(count), :, own] += 2.0
    seen = np.cumsum(rng.integers(1, 3, (count, 4)), axis=1)
    return Attempts(llr, seen, own, 1)


def answer_by_hand(made: Attempts, i: int, person: int) -> tuple[bool, int]:
    """Whether accepted, and after how many windows seen."""
    for k in range(4):
        if k + 1 < BOUNDARIES.min_windows:
            continue
        llr = made.llr[i, k, person]
        if llr >= BOUNDARIES.accept_llr:
            return True, int(made.seen[i, k])
        if llr <= BOUNDARIES.reject_llr or k + 1 == BOUNDARIES.max_windows:
            return False, int(made.seen[i, k])
    raise AssertionError("an attempt ends")


def test_each_persons_errors_are_counted() -> None:
    made, names = attempts(), ["a", "b", "c", "d", "e"]
    found = {one.subject: one for one in persons_of(names, made, BOUNDARIES)}
    for person, name in enumerate(names):
        answers = {
            (i, other): answer_by_hand(made, i, other)[0] for i in range(len(made.own)) for other in range(len(names))
        }
        mine = [i for i in range(len(made.own)) if made.own[i] == person]
        one = found[name]
        assert one.attempts == len(mine)
        assert one.refused == sum(not answers[i, person] for i in mine)
        assert one.taken_for_others == sum(answers[i, o] for i in mine for o in range(len(names)) if o != person)
        assert one.others_taken == sum(answers[i, person] for i in range(len(made.own)) if i not in mine)
        assert one.others_attempts == len(made.own) - len(mine)
    assert found["e"].fnmr is None
    assert found["e"].fmr_as_other is None
    assert sum(one.refused for one in found.values()) > 3


def test_the_worst_come_first() -> None:
    found = persons_of(["a", "b", "c", "d", "e"], attempts(), BOUNDARIES)
    rates = [one.fnmr or 0.0 for one in found]
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) > 2


@pytest.mark.parametrize(
    ("counts", "few"), [([], 0), ([0, 0], 0), ([5], 1), ([1, 1, 1, 1], 2), ([1, 9, 1], 1), ([3, 2, 2, 1], 2)]
)
def test_how_few_bear_half(counts: list[int], few: int) -> None:
    assert fewest_for_half(counts) == few


def test_times_are_of_the_answers() -> None:
    made, spec = attempts(), make_spec()
    found = answering(made, BOUNDARIES, spec)
    expected: dict[str, list[float]] = {"accepted_s": [], "refused_s": [], "kept_out_s": [], "let in": []}
    for i, own in enumerate(made.own):
        for person in range(5):
            accepted, seen = answer_by_hand(made, i, person)
            kind = ("accepted_s" if accepted else "refused_s") if person == own else "kept_out_s"
            expected["let in" if accepted and person != own else kind].append(seconds_of(seen, spec))
    for name in ("accepted_s", "refused_s", "kept_out_s"):
        np.testing.assert_allclose(getattr(found, name), sorted(expected[name]))
    assert found.mated == len(made.own)
    assert min(len(times) for times in expected.values()) > 0


def test_quantiles_are_times_that_were_measured() -> None:
    times = np.array([8.4, 8.4, 9.6, 12.0, 30.0])
    assert quantiles(times) == [8.4, 8.4, 9.6, 12.0, 30.0, 30.0]
    assert quantiles(np.empty(0)) == [None] * len(QUANTILES)


def test_nobodys_attempts_come_to_nothing() -> None:
    none = Attempts(np.empty((0, 4, 3)), np.empty((0, 4), dtype=np.intp), np.empty(0, dtype=np.intp), 7)
    assert answering(none, BOUNDARIES, make_spec()).to_json()["accepted_s"] == {
        **{f"{q:g}": None for q in QUANTILES}, "count": 0,
    }  # fmt: skip
    assert [one.attempts for one in persons_of(["a", "b", "c"], none, BOUNDARIES)] == [0, 0, 0]
    rates = decision_rates(12.0, Decisions(np.empty((0, 3)), np.empty(0, dtype=np.intp), 7, 9), 0)
    assert (rates.eer, rates.rank1, rates.not_acquired) == (None, None, 7)
