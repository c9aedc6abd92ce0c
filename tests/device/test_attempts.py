"""Sequential attempts and open-set identification, by plain loops over made-up evidence."""

import numpy as np
import pytest

from device.bootstrap import outcome_intervals, thresholds_within
from device.decision import Boundaries
from device.evaluation.attempt_rates import attempt_rates
from device.evaluation.attempts import Attempts, identify_among, verify
from device.frontend import FrontEndSpec

PEOPLE, LONGEST = 6, 8
BOUNDARIES = Boundaries(3, LONGEST, 2.0, -2.5)


def attempts(seed: int = 0, count: int = 60) -> Attempts:
    rng = np.random.default_rng(seed)
    own = np.arange(count) % PEOPLE
    drift = np.where(np.arange(PEOPLE)[None, :] == own[:, None], 1.5, -1.0)[:, None, :]
    llr = drift + rng.normal(0, 1.5, (count, LONGEST, PEOPLE))
    seen = np.cumsum(rng.integers(1, 3, (count, LONGEST)), axis=1)
    return Attempts(llr, seen, own, given_up=2)


def walk(llr: list[float]) -> tuple[bool, int]:
    """One sequential test by hand: accepted, and after how many windows."""
    for k, value in enumerate(llr, start=1):
        if k < BOUNDARIES.min_windows:
            continue
        if value >= BOUNDARIES.accept_llr:
            return True, k
        if value <= BOUNDARIES.reject_llr or k == BOUNDARIES.max_windows:
            return False, k
    raise AssertionError


def test_verification_against_a_walk() -> None:
    made = attempts()
    accepted, windows = verify(made, BOUNDARIES)
    for i in range(len(made.own)):
        for j in range(PEOPLE):
            assert (accepted[i, j], windows[i, j]) == walk(made.llr[i, :, j].tolist())
    assert 0 < accepted.mean() < 1


def test_identification_against_a_walk() -> None:
    made = attempts(1)
    gallery = np.array([0, 2, 5])
    named = identify_among(made, BOUNDARIES, gallery)
    for i in range(len(made.own)):
        among = made.llr[i][:, gallery]
        accepted, windows = walk(among.max(axis=1).tolist())
        assert named[i] == (gallery[among[windows - 1].argmax()] if accepted else -1)
    assert {-1} < set(named.tolist())


def test_rates_and_times_against_plain_loops(spec: FrontEndSpec) -> None:
    made = attempts(2)
    rates = attempt_rates(made, BOUNDARIES, spec, seed=0)
    mated, other, accept_s, reject_s = [], [], [], []
    for i, own in enumerate(made.own):
        for j in range(PEOPLE):
            accepted, windows = walk(made.llr[i, :, j].tolist())
            (mated if j == own else other).append(accepted)
            seconds = 2.4 * int(made.seen[i, windows - 1])
            if j == own and accepted:
                accept_s.append(seconds)
            if j != own and not accepted:
                reject_s.append(seconds)
    assert (rates.mated, rates.non_mated, rates.given_up) == (60, 300, 2)
    assert rates.false_matches == sum(other)
    assert rates.fmr == pytest.approx(sum(other) / len(other))
    assert rates.fnmr == pytest.approx(1 - sum(mated) / len(mated))
    assert rates.median_accept_s == pytest.approx(np.median(accept_s))
    assert rates.median_reject_s == pytest.approx(np.median(reject_s))
    assert [one.size for one in rates.identification] == [1, 2, 5]
    # With one person enrolled, identification is verification.
    assert rates.identification[0].fnir == pytest.approx(rates.fnmr, abs=0.08)
    assert rates.identification[2].fpir > rates.identification[0].fpir
    for rate, interval in ((rates.fmr, rates.fmr_ci95), (rates.fnmr, rates.fnmr_ci95)):
        assert interval is not None
        assert interval[0] <= rate <= interval[1]
    assert rates.least_cllr <= rates.cllr


def test_intervals_of_outcomes_against_resampling_by_hand() -> None:
    accepted, _ = verify(attempts(3), BOUNDARIES)
    own = attempts(3).own
    fmr_ci95, fnmr_ci95 = outcome_intervals(accepted, own, np.random.default_rng(5), resamples=200)
    draws = np.random.default_rng(5).multinomial(PEOPLE, np.full(PEOPLE, 1 / PEOPLE), size=200)
    fmrs, fnmrs = [], []
    for weight in draws.tolist():
        wrong = tried = missed = claims = 0
        for i, person in enumerate(own.tolist()):
            claims += weight[person]
            missed += weight[person] * (not accepted[i, person])
            for j in range(PEOPLE):
                if j != person:
                    tried += weight[person] * weight[j]
                    wrong += weight[person] * weight[j] * bool(accepted[i, j])
        if tried:
            fmrs.append(wrong / tried)
        fnmrs.append(missed / claims)
    assert fmr_ci95 == pytest.approx(tuple(np.quantile(fmrs, (0.025, 0.975))))
    assert fnmr_ci95 == pytest.approx(tuple(np.quantile(fnmrs, (0.025, 0.975))))


def test_thresholds_keep_the_upper_end_of_the_interval() -> None:
    made = attempts(4, count=120)
    highest = made.llr.max(axis=1)
    rates = [0.3, 0.1]
    thresholds = thresholds_within(highest, made.own, rates, np.random.default_rng(1))
    assert thresholds[0] < thresholds[1]
    for rate, threshold in zip(rates, thresholds, strict=True):
        interval, _ = outcome_intervals(highest >= threshold, made.own, np.random.default_rng(1))
        assert interval is not None
        assert interval[1] <= rate
        lower = max(value for value in highest.ravel().tolist() if value < threshold)
        wider, _ = outcome_intervals(highest >= lower, made.own, np.random.default_rng(1))
        assert wider is not None
        assert wider[1] > rate or np.isclose(wider[1], interval[1])
