"""Shares and their intervals, counted again by hand."""

import numpy as np
import pytest

from train.attack.attempt import Outcome
from train.attack.rates import Trial, acquired, share_of


def trials(*hits_of: tuple[int, int]) -> list[Trial]:
    """For each person, how many of how many are accepted."""
    return [
        Trial(victim, Outcome.ACCEPTED if i < hits else Outcome.NO_MATCH)
        for victim, (hits, tries) in enumerate(hits_of)
        for i in range(tries)
    ]


def test_a_share_and_its_interval_are_those_of_plain_loops() -> None:
    hits_of = [(0, 3), (3, 3), (1, 3), (2, 4), (0, 1), (1, 2)]
    share = share_of(trials(*hits_of), Outcome.ACCEPTED, seed=7)
    assert (share.hits, share.trials, share.people) == (7, 16, 6)
    assert share.value == 7 / 16
    drawn = np.random.default_rng(7).multinomial(6, np.full(6, 1 / 6), size=1000)
    resampled = []
    for weights in drawn:
        hits = sum(w * h for w, (h, _) in zip(weights, hits_of, strict=True))
        tries = sum(w * n for w, (_, n) in zip(weights, hits_of, strict=True))
        resampled.append(hits / tries)
    assert share.ci95 == pytest.approx(np.quantile(resampled, (0.025, 0.975)))


def test_people_are_counted_who_have_a_trial() -> None:
    share = share_of([Trial(4, Outcome.ACCEPTED), Trial(9, Outcome.DETECTED)], Outcome.DETECTED, seed=0)
    assert (share.hits, share.trials, share.people) == (1, 2, 2)


@pytest.mark.parametrize(("hits", "expected"), [(0, (0.0, 0.3)), (2, (0.7, 1.0))])
def test_none_or_all_has_the_rule_of_threes_interval(hits: int, expected: tuple[float, float]) -> None:
    share = share_of(trials(*[(hits, 2)] * 10), Outcome.ACCEPTED, seed=0)
    assert share.ci95 == pytest.approx(expected)


def test_one_person_has_no_interval_and_nobody_no_share() -> None:
    assert share_of(trials((1, 2)), Outcome.ACCEPTED, seed=0).ci95 is None
    empty = share_of([], Outcome.ACCEPTED, seed=0)
    assert empty.value is None
    assert empty.to_json() == {"share": None, "ci95": None, "hits": 0, "trials": 0, "people": 0}


def test_what_was_not_acquired_is_no_error_of_detection() -> None:
    every = [Trial(0, outcome) for outcome in Outcome]
    assert [one.outcome for one in acquired(every)] == [one for one in Outcome if one is not Outcome.NOT_ACQUIRED]
