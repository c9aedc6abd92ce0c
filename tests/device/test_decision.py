"""The accumulator and the open-set decision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.decision import PATIENCE, Accumulator, Filled, GivenUp, best_candidate


def feed(accumulator: Accumulator, windows: list[tuple[int, float | None]]) -> list[Filled | GivenUp | None]:
    """Windows whose embeddings lie on a quarter circle, told by their angle in radians."""
    return [accumulator.add(epoch, None if value is None else at(value)) for epoch, value in windows]


def at(angle: float) -> NDArray[np.float32]:
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def test_five_good_windows_are_a_decision_of_their_mean_direction() -> None:
    outcomes = feed(Accumulator(5), [(0, value) for value in (0.1, 0.2, 0.3, 0.4, 0.5, 0.9)])
    assert outcomes[:4] == [None] * 4
    filled = outcomes[4]
    assert isinstance(filled, Filled)
    assert filled.probe == pytest.approx(at(0.3), abs=1e-6)
    assert (filled.windows, filled.seen) == (5, 5)
    assert outcomes[5] is None


def test_bad_windows_are_skipped_and_counted() -> None:
    outcomes = feed(Accumulator(2), [(0, 0.2), (0, None), (0, None), (0, 0.4)])
    assert outcomes[3] is not None
    assert isinstance(outcomes[3], Filled)
    assert outcomes[3].seen == 4


def test_a_decision_not_filled_within_twice_its_length_is_given_up() -> None:
    outcomes = feed(Accumulator(3), [(0, 0.2), (0, None), (0, None), (0, 0.2), (0, None), (0, None), (0, 0.5)])
    assert outcomes[5] == GivenUp(good=2, seen=6)
    assert outcomes[6] is None


def test_bad_windows_alone_open_no_decision() -> None:
    assert feed(Accumulator(1), [(0, None)] * 50) == [None] * 50


def test_a_new_epoch_empties_it() -> None:
    outcomes = feed(Accumulator(2), [(0, 0.9), (1, 0.1), (1, 0.3)])
    assert outcomes[1] is None
    assert isinstance(outcomes[2], Filled)
    assert outcomes[2].probe == pytest.approx(at(0.2), abs=1e-6)


windows = st.lists(st.tuples(st.integers(0, 2), st.one_of(st.none(), st.floats(-1, 1))), max_size=80)


@given(st.integers(1, 6), windows)
def test_against_a_plain_list(length: int, stream: list[tuple[int, float | None]]) -> None:
    held: list[float | None] = []
    epoch = None
    expected: list[tuple[str, int] | None] = []
    for this, value in stream:
        if this != epoch:
            held, epoch = [], this
        held.append(value)
        while held and held[0] is None:
            held.pop(0)
        good = [x for x in held if x is not None]
        if len(good) == length:
            expected.append(("filled", len(held)))
            held = []
        elif len(held) >= PATIENCE * length:
            expected.append(("given up", len(held)))
            held = []
        else:
            expected.append(None)
    outcomes = feed(Accumulator(length), stream)
    told = [o and ("filled" if isinstance(o, Filled) else "given up", o.seen) for o in outcomes]
    assert told == expected


def test_no_decision_of_no_windows() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Accumulator(0)


def test_best_is_accepted_at_the_threshold_itself() -> None:
    best = best_candidate(np.array([0.2, 0.7, 0.5]), 0.7)
    assert (best.position, best.score, best.accepted) == (1, 0.7, True)
    assert not best_candidate(np.array([0.2, 0.7]), 0.700001).accepted
