from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.errors import TrainError, TrainReason
from train.people import MIN_NUMBER_DISTANCE, hold_out
from train.protocols import Split, WindowSet, rivals, split_people
from train.protocols.config import ProtocolConfig
from train.protocols.split import GUARD_SAMPLES
from train.protocols.splitting import on_grid
from train.synchronous import PersonPairs

SAMPLE_WISE = ProtocolConfig("sample-wise", "test", 0.5, 20, True, False)
SUBJECT_WISE = replace(SAMPLE_WISE, kind="subject-wise")


def made(name: str, starts: list[int], number: int = -1) -> PersonPairs:
    start = np.array(starts, dtype=np.int64)
    signal = np.repeat(start[:, None], 300, axis=1).astype(np.float32)
    wide = np.repeat(start[:, None], 450, axis=1).astype(np.float32)
    return PersonPairs(name, number, start, signal, wide, signal.copy(), start % 2 == 0, start.size)


def everyone(count: int = 20, windows: int = 160) -> list[PersonPairs]:
    return [made(f"p{n}", [94 + 75 * i for i in range(windows)], 20 * n) for n in range(count)]


def windows_of(windows: WindowSet, person: str) -> list[int]:
    number = windows.people.index(person)
    return [int(s) for s, label in zip(windows.start, windows.label, strict=True) if label == number]


def test_sample_wise_takes_the_first_four_fifths_and_the_last_fifth() -> None:
    split = split_people(everyone(3), SAMPLE_WISE)
    grid = [94 + 300 * i for i in range(40)]
    for person in ("p0", "p1", "p2"):
        assert windows_of(split.test, person) == grid[32:]
        trained = windows_of(split.train, person)
        assert trained == [94 + 75 * i for i in range(160) if 94 + 75 * i + 300 + GUARD_SAMPLES <= grid[32]]
    assert split.closed
    np.testing.assert_array_equal(split.train.ppg[:, 0], split.train.start)
    np.testing.assert_array_equal(split.train.has_ecg, split.train.start % 2 == 0)


def test_tuning_never_sees_what_tests() -> None:
    tune = split_people(everyone(3), replace(SAMPLE_WISE, stage="tune"))
    test = split_people(everyone(3), SAMPLE_WISE)
    for person in ("p0", "p1", "p2"):
        seen = [*windows_of(tune.train, person), *windows_of(tune.test, person)]
        assert max(seen) + 300 <= min(windows_of(test.test, person))
    tune = split_people(everyone(), replace(SUBJECT_WISE, stage="tune"))
    test = split_people(everyone(), SUBJECT_WISE)
    assert not {*tune.train.people, *tune.test.people} & set(test.test.people)
    assert {*tune.train.people, *tune.test.people} == set(test.train.people)


def test_subject_wise_people_are_disjoint_and_never_near_each_other() -> None:
    people = [made(f"p{n}", [300 * i for i in range(40)], 6 * n) for n in range(40)]
    split = split_people(people, SUBJECT_WISE)
    assert not set(split.train.people) & set(split.test.people)
    assert len(split.test.people) == 8
    numbers = [6 * int(name[1:]) for name in split.test.people]
    assert all(abs(a - b) >= MIN_NUMBER_DISTANCE for i, a in enumerate(numbers) for b in numbers[:i])
    assert split_people(people, SUBJECT_WISE).test.people == split.test.people


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60, unique=True).map(sorted))
def test_windows_of_the_grid_never_overlap_and_leave_no_room_for_another(starts: list[int]) -> None:
    one = made("p", starts)
    kept = [s for s, chosen in zip(starts, on_grid(one), strict=True) if chosen]
    assert all(b - a >= 300 for a, b in pairwise(kept))
    for start in set(starts) - set(kept):
        assert any(k <= start < k + 300 for k in kept)


def test_people_with_too_few_windows_are_named_and_left_out() -> None:
    few = made("few", [300 * i for i in range(19)])
    split = split_people([*everyone(3), few], SAMPLE_WISE)
    assert split.left_out == ("few",)
    assert "few" not in split.train.people


@pytest.mark.parametrize("count", [0, 1])
def test_one_identity_cannot_be_split(count: int) -> None:
    people = [*everyone(count), made("few", [0])]
    with pytest.raises(TrainError, match=f"{count} of {count + 1} people have 20 good windows") as caught:
        split_people(people, SAMPLE_WISE)
    assert caught.value.reason is TrainReason.TOO_FEW_PEOPLE


def subset(one: Split, keep_train: np.ndarray, keep_test: np.ndarray) -> Split:
    def part(windows: WindowSet, keep: np.ndarray) -> WindowSet:
        names = ("label", "start", "ppg", "wide", "ecg", "has_ecg")
        return replace(windows, **{name: getattr(windows, name)[keep] for name in names})

    return replace(one, train=part(one.train, keep_train), test=part(one.test, keep_test))


def test_every_leak_is_refused() -> None:
    split = split_people(everyone(3), SAMPLE_WISE)
    split.check()
    late = replace(split.train, start=split.train.start + 75)
    with pytest.raises(TrainError, match="windows of p0 that train reach into those that test") as caught:
        replace(split, train=late).check()
    assert caught.value.reason is TrainReason.LEAK
    with pytest.raises(TrainError, match="p1 has no training window"):
        subset(split, split.train.label != 1, split.test.label >= 0).check()
    with pytest.raises(TrainError, match="p2 has no test window"):
        subset(split, split.train.label >= 0, split.test.label != 2).check()
    with pytest.raises(TrainError, match="x is tested and does not train"):
        replace(split, test=replace(split.test, people=("p0", "p1", "x"))).check()
    with pytest.raises(TrainError, match="p0 trains and is tested"):
        replace(split, test=replace(split.test, people=("p0",))).check()


def test_people_who_may_be_one_are_never_drawn_together() -> None:
    near = [made("a", [0], 100), made("b", [0], 105), made("c", [0], 400), made("d", [0]), made("e", [0])]
    for seed in range(20):
        names = {one.subject for one in hold_out(near, 5, seed)}
        assert not {"a", "b"} <= names
        assert {"c", "d", "e"} <= names


def test_people_who_may_be_one_are_no_rivals_in_a_closed_set() -> None:
    numbers = (100, 105, 116, 127, -1, -1)
    people = [made(f"p{i}", [300 * k for k in range(25)], number) for i, number in enumerate(numbers)]
    found = rivals(split_people(people, SAMPLE_WISE).test)
    for i, a in enumerate(numbers):
        for j, b in enumerate(numbers):
            may_be_one = i != j and a >= 0 and b >= 0 and abs(a - b) <= 10
            assert found[i, j] == (not may_be_one), (i, j)
