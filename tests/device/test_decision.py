"""Evidence that grows, the boundaries that end it, and the open-set decision."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.decision import (
    ACCEPT,
    GO_ON,
    PATIENCE,
    REJECT,
    Accumulator,
    Boundaries,
    Evidence,
    GivenUp,
    boundaries_at,
    identify,
)
from device.errors import CommandError
from device.manifest import DecisionSpec

SPEC = DecisionSpec(2, 6, ((0.05, 1.0), (0.01, 3.0), (0.006, 4.0)), -2.0, 0.5, "simulated people", 32)


def feed(accumulator: Accumulator, windows: list[tuple[int, float | None]]) -> list[Evidence | GivenUp | None]:
    """Windows whose embeddings lie on a quarter circle, told by their angle in radians."""
    return [accumulator.add(epoch, None if value is None else at(value)) for epoch, value in windows]


def at(angle: float) -> NDArray[np.float32]:
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def test_evidence_is_the_mean_direction_of_all_good_windows_so_far() -> None:
    outcomes = feed(Accumulator(5), [(0, value) for value in (0.1, 0.2, 0.3, 0.4, 0.5, 0.9)])
    means = (0.1, 0.15, 0.2, 0.25, 0.3, 0.9)  # after the fifth it begins anew
    for outcome, mean, count in zip(outcomes, means, (1, 2, 3, 4, 5, 1), strict=True):
        assert isinstance(outcome, Evidence)
        assert outcome.probe == pytest.approx(at(mean), abs=1e-6)
        assert (outcome.windows, outcome.seen) == (count, count)


def test_bad_windows_are_skipped_and_counted() -> None:
    outcomes = feed(Accumulator(3), [(0, 0.2), (0, None), (0, None), (0, 0.4)])
    assert isinstance(outcomes[3], Evidence)
    assert (outcomes[3].windows, outcomes[3].seen) == (2, 4)


def test_an_attempt_not_filled_within_twice_its_length_is_given_up() -> None:
    outcomes = feed(Accumulator(3), [(0, 0.2), (0, None), (0, None), (0, 0.2), (0, None), (0, None), (0, 0.5)])
    assert outcomes[5] == GivenUp(good=2, seen=6)
    assert isinstance(outcomes[6], Evidence)
    assert outcomes[6].windows == 1


def test_bad_windows_alone_open_no_attempt() -> None:
    assert feed(Accumulator(1), [(0, None)] * 50) == [None] * 50


def test_a_new_epoch_empties_it() -> None:
    outcomes = feed(Accumulator(2), [(0, 0.9), (1, 0.1), (1, 0.3)])
    assert isinstance(outcomes[1], Evidence)
    assert isinstance(outcomes[2], Evidence)
    assert (outcomes[1].windows, outcomes[2].windows) == (1, 2)
    assert outcomes[2].probe == pytest.approx(at(0.2), abs=1e-6)


windows = st.lists(st.tuples(st.integers(0, 2), st.one_of(st.none(), st.floats(-1, 1))), max_size=80)


@given(st.integers(1, 6), windows)
def test_against_a_plain_list(length: int, stream: list[tuple[int, float | None]]) -> None:
    held: list[float | None] = []
    epoch = None
    expected: list[tuple[str, int, int] | None] = []
    for this, value in stream:
        if this != epoch:
            held, epoch = [], this
        held.append(value)
        while held and held[0] is None:
            held.pop(0)
        good = [x for x in held if x is not None]
        if len(good) < length and len(held) >= PATIENCE * length:
            expected.append(("given up", len(good), len(held)))
            held = []
        else:
            expected.append(None if value is None else ("evidence", len(good), len(held)))
            held = [] if len(good) == length else held
    told: list[tuple[str, int, int] | None] = []
    for outcome in feed(Accumulator(length), stream):
        if isinstance(outcome, Evidence):
            told.append(("evidence", outcome.windows, outcome.seen))
        else:
            told.append(outcome and ("given up", outcome.good, outcome.seen))
    assert told == expected


def test_no_decision_of_no_windows() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Accumulator(0)


@pytest.mark.parametrize(
    ("llr", "windows", "verdict"),
    [(9.0, 1, GO_ON), (-9.0, 1, GO_ON), (3.0, 2, ACCEPT), (2.999, 2, GO_ON), (-2.0, 2, REJECT), (-1.999, 5, GO_ON),
     (2.999, 6, REJECT), (3.0, 6, ACCEPT)],
)  # fmt: skip
def test_boundaries(llr: float, windows: int, verdict: int) -> None:
    assert Boundaries(2, 6, 3.0, -2.0).judge(np.array([llr, 0.0]), windows)[0] == verdict


def test_the_best_of_several_decides() -> None:
    boundaries = Boundaries(2, 6, 3.0, -2.0)
    best = identify(np.array([0.2, 3.0, 0.5]), 2, boundaries)
    assert best is not None
    assert (best.position, best.llr, best.accepted) == (1, 3.0, True)
    assert identify(np.array([-9.0, 0.5]), 5, boundaries) is None
    nobody = identify(np.array([-9.0, 0.5]), 6, boundaries)
    assert nobody is not None
    assert not nobody.accepted
    early = identify(np.array([-9.0, -3.0]), 2, boundaries)
    assert early is not None
    assert (early.position, early.accepted) == (1, False)


@pytest.mark.parametrize(
    ("fmr", "accept_llr"),
    [(None, 3.0), (0.5, 1.0), (0.05, 1.0), (0.049, 3.0), (0.01, 3.0), (0.0099, 4.0), (0.006, 4.0)],
)
def test_a_false_match_rate_is_kept(fmr: float | None, accept_llr: float) -> None:
    assert boundaries_at(SPEC, fmr) == Boundaries(2, 6, accept_llr, -2.0, 0.5)


def test_more_people_enrolled_need_more_evidence() -> None:
    boundaries = boundaries_at(SPEC)
    assert boundaries.among(1) == Boundaries(2, 6, 3.0, -2.0)
    assert boundaries.among(5).accept_llr == pytest.approx(3.0 + 0.5 * math.log(5))


def test_what_the_people_cannot_support_is_refused() -> None:
    with pytest.raises(CommandError) as caught:
        boundaries_at(SPEC, 1e-3)
    assert str(caught.value) == (
        "the 32 people this model's threshold was set on support a false match rate of 0.006 and above; "
        "0.001 would take 78 people"
    )
    few = replace(SPEC, operating_points=((0.05, 1.0),))
    assert boundaries_at(few).accept_llr == 1.0


def test_past_the_last_window_nothing_is_undecided() -> None:
    assert Boundaries(2, 6, 3.0, -2.0).judge(np.array([2.999, 0.0, 3.0]), 7).tolist() == [REJECT, REJECT, ACCEPT]
