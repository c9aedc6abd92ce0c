from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.recordings import Recording, read_cohort, read_wfdb
from firmware_bridge.recordings.cohort import MISSING
from train.cohorts import Identity
from train.config import load_config
from train.errors import TrainError, TrainReason
from train.experiment import people
from train.people import (
    MIN_NUMBER_DISTANCE,
    Record,
    assert_apart,
    assert_strangers,
    hold_out,
    may_be_one_person,
    record_of,
    without,
)
from train.protocols import split_people
from train.protocols.config import ProtocolConfig
from train.stretches import MIN_SHARED, POINTS, Stretches, shared, stretches_of, stretches_of_windows
from train.synchronous import PersonPairs

CONFIG = Path(__file__).parents[2] / "train" / "configs" / "fcn_x025.toml"
RATE_HZ = 125


def pulse(seed: int, seconds: float) -> np.ndarray:
    """Beats of a heart that is never quite regular."""
    rng = np.random.default_rng(seed)
    beats = np.cumsum(rng.normal(0.85, 0.06, int(seconds * 2)))
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = np.interp(t, np.concatenate(([0.0], beats)), np.arange(beats.size + 1.0))
    breathing = 0.2 * np.interp(
        t, np.arange(0.0, seconds + 2.0, 2.0), rng.normal(size=np.arange(0.0, seconds + 2.0, 2.0).size)
    )
    return np.cos(2 * np.pi * phase) + 0.4 * np.cos(4 * np.pi * phase + seed) + breathing


def recording(subject: str, ppg: np.ndarray) -> Recording:
    return Recording(ppg, float(RATE_HZ), subject, "day", f"r-{subject}")


def identities(numbers: list[int]) -> list[Identity]:
    return [Identity(recording(f"p{number}", np.arange(500.0)), number) for number in numbers]


@pytest.mark.parametrize("seed", range(5))
def test_held_out_people_may_not_be_one_another(seed: int) -> None:
    people = identities(list(range(100, 400, 4)))
    held = hold_out(people, 20, seed)
    assert len(held) == 20
    for i, first in enumerate(held):
        for second in held[:i]:
            assert abs(first.number - second.number) >= MIN_NUMBER_DISTANCE
    rest = without(people, held)
    assert {one.subject for one in rest}.isdisjoint(one.subject for one in held)
    assert len(rest) + len(held) == len(people)


def test_nearness_is_unknown_without_numbers() -> None:
    assert not may_be_one_person(*identities([-1, -1]))
    assert may_be_one_person(*identities([100, 110]))
    assert not may_be_one_person(*identities([100, 111]))


def refused(*sides: list[Record]) -> str:
    with pytest.raises(TrainError) as caught:
        assert_apart(*sides)
    assert caught.value.reason is TrainReason.LEAK
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_one_person_is_not_on_both_sides() -> None:
    first = [record_of(recording("a", pulse(1, 30))), record_of(recording("b", pulse(2, 30)))]
    second = [record_of(recording("c", pulse(3, 30)))]
    assert_apart(first, second)
    assert_apart(first, [])
    assert_apart([], first)
    other = replace(record_of(recording("b", pulse(4, 30))), name="evening")
    assert refused(first, [*second, other]) == (
        "b trains and is tested: record r-b of b and record evening of b; leave one out"
    )


def test_a_copy_under_another_name_is_found() -> None:
    regular = np.tile(pulse(1, 1), 30)  # nothing in it occurs once, so only the whole tells
    assert not record_of(recording("a", regular)).stretches.hashes.size
    copy = record_of(recording("b", regular.copy()))
    said = refused([record_of(recording("a", regular))], [copy])
    assert said == (
        "one who trains and one who is tested are one signal, sample by sample: record r-a of a and record r-b of b; "
        "leave one out"
    )
    changed = regular.copy()
    changed[0] += 1e-9
    assert_apart([record_of(recording("a", regular))], [record_of(recording("b", changed))])


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_sensors_that_measured_nothing_are_no_copies(value: float) -> None:
    flat = np.full(5000, value)
    assert_apart([record_of(recording("a", flat))], [record_of(recording("b", flat))])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 20 * RATE_HZ),
    st.floats(0.01, 100.0),
    st.floats(-50.0, 50.0),
    st.integers(12, 20),
)
def test_the_same_seconds_are_found_wherever_they_lie_and_however_they_are_stored(
    seed: int, begin: int, scale: float, offset: float, seconds: int
) -> None:
    whole = pulse(seed, 60)
    part = whole[begin : begin + seconds * RATE_HZ] * scale + offset
    steps = np.rint((part - part.min()) / np.ptp(part) * 65_000)  # as a cohort file stores it
    other = np.concatenate((pulse(seed + 20_000, 25), steps / 7.0 + 3.0, pulse(seed + 30_000, 25)))
    assert not list(shared([stretches_of(whole, RATE_HZ)], [stretches_of(pulse(seed + 20_000, 60), RATE_HZ)]))
    found = list(shared([stretches_of(whole, RATE_HZ)], [stretches_of(other, RATE_HZ)]))
    assert [(i, j) for i, j, _ in found] == [(0, 0)]
    assert MIN_SHARED <= found[0][2] <= 2 * seconds
    said = refused([record_of(recording("a", whole))], [record_of(recording("b", other))])
    assert "one who trains and one who is tested hold the same seconds of signal" in said
    assert "record r-a of a and record r-b of b" in said


def test_the_same_seconds_at_twice_the_rate_are_found() -> None:
    fine = np.interp(np.arange(60 * RATE_HZ * 2) / 2, np.arange(60 * RATE_HZ), pulse(5, 60))
    assert list(shared([stretches_of(fine, 2.0 * RATE_HZ)], [stretches_of(fine[::2], RATE_HZ)]))


def test_stretches_begin_at_peaks_as_plain_loops_find_them() -> None:
    signal = pulse(6, 40)
    signal[1000:1010] = np.nan
    reach = round(0.25 * RATE_HZ)
    last = 3 * (POINTS - 1)
    expected = []
    for i in range(reach, signal.size - last):
        near = [signal[k] for k in range(i - reach, min(i + reach + 1, signal.size)) if k != i]
        whole = signal[i : i + last + 1]
        if i + reach < signal.size and all(signal[i] > value for value in near) and np.isfinite(whole).all():
            expected.append(i)
    found = stretches_of(signal, RATE_HZ)
    assert sorted(found.at_ms.tolist()) == [round(i * 8) for i in expected]
    assert len(set(found.hashes.tolist())) == found.hashes.size == len(expected) > 20
    assert not any(abs(a - b) <= reach for a, b in pairwise(expected))


def test_windows_tell_what_their_signal_tells_except_across_their_ends() -> None:
    signal = pulse(7, 60)
    start = np.arange(0, signal.size - 450, 75)
    windows = np.stack([signal[s : s + 450] for s in start])
    windows = (windows - windows.mean(axis=1, keepdims=True)) / windows.std(axis=1, keepdims=True)
    whole, cut = stretches_of(signal, RATE_HZ), stretches_of_windows(windows.astype(np.float32), start, RATE_HZ)
    both = set(zip(whole.hashes.tolist(), whole.at_ms.tolist(), strict=True)) & set(
        zip(cut.hashes.tolist(), cut.at_ms.tolist(), strict=True)
    )
    assert len(both) > 0.7 * whole.hashes.size
    [(_, _, count)] = shared([whole], [cut])
    assert count >= len(both)
    nothing = stretches_of_windows(np.empty((0, 450), dtype=np.float32), np.empty(0, dtype=np.int64), RATE_HZ)
    assert not nothing.hashes.size


def test_what_agrees_at_no_one_distance_in_time_is_chance() -> None:
    hashes = np.arange(6, dtype=np.uint64)
    first = Stretches(hashes, np.arange(6) * 1000)
    assert list(shared([first], [Stretches(hashes, np.arange(6) * 1000 + 250)])) == [(0, 0, 6)]
    assert not list(shared([first], [Stretches(hashes, np.arange(6) * 1500)]))
    few = MIN_SHARED - 1
    assert not list(shared([first], [Stretches(hashes[:few], np.arange(few) * 1000)]))


def test_two_parts_of_one_recording_may_lie_on_either_side_if_they_do_not_meet() -> None:
    whole = record_of(recording("a", pulse(8, 60)))
    assert_apart([replace(whole, span=(0, 3000))], [replace(whole, span=(3000, 7500))])
    assert_apart([replace(whole, span=(3000, 7500))], [replace(whole, span=(0, 3000))])
    assert "a trains and is tested" in refused([replace(whole, span=(0, 3001))], [replace(whole, span=(3000, 7500))])
    assert "a trains and is tested" in refused([replace(whole, span=(0, 3000))], [whole])
    second = replace(whole, name="evening", span=(3000, 7500))
    assert "a trains and is tested" in refused([replace(whole, span=(0, 3000))], [second])


def test_strangers_are_far_in_number_within_a_source_and_share_no_signal() -> None:
    def numbered(number: int, source: str = "challenge2015") -> Record:
        return Record(f"{source}/{number}", f"a{number}", number, source)

    assert_strangers([numbered(100), numbered(111), numbered(-1), numbered(-1), numbered(105, "other")])
    with pytest.raises(TrainError, match="near in record number: record a100 of challenge2015/100 and record a110"):
        assert_strangers([numbered(100), numbered(110)])
    assert_strangers([numbered(100), replace(numbered(105), person="challenge2015/100")])
    whole = pulse(9, 60)
    records = [record_of(recording("a", whole)), record_of(recording("b", whole[1000:]))]
    with pytest.raises(TrainError, match="two people compared as strangers hold the same seconds"):
        assert_strangers(records)


def pairs_of_pulse(name: str, signal: np.ndarray) -> PersonPairs:
    start = np.arange(94, signal.size - 450, 75)
    ppg, wide = (np.stack([signal[s - before : s - before + m] for s in start]) for before, m in ((0, 300), (75, 450)))
    return PersonPairs(name, -1, start, ppg, wide, np.zeros_like(ppg), np.zeros(start.size, dtype=np.bool_), start.size)


def test_a_split_by_time_finds_what_one_person_trains_in_what_another_is_tested_on() -> None:
    config = ProtocolConfig("sample-wise", "test", 0.5, 5, True, False)
    signals = {name: pulse(seed, 60) for seed, name in enumerate("abc")}
    split_people([pairs_of_pulse(*one) for one in signals.items()], config)
    signals["c"][6050:7450] = 2.0 * signals["a"][500:1900] + 1.0
    with pytest.raises(TrainError, match="record a of a and record c of c") as caught:
        split_people([pairs_of_pulse(*one) for one in signals.items()], config)
    assert caught.value.reason is TrainReason.LEAK


def test_every_known_overlap_of_the_challenge_is_found_and_three_more(data_folder: Path) -> None:
    path = data_folder / "challenge2015" / "challenge2015.npz"
    cohort = read_cohort(path)
    names = [str(name) for name in cohort.records]
    with np.load(path, allow_pickle=False) as arrays:
        known = {frozenset(map(str, pair)) for pair in arrays["overlap_pairs"]}
        ecg, start = arrays["ecg"], arrays["start"]
        scale, offset = arrays["ecg_scale"], arrays["ecg_offset"]
    stretches = [stretches_of(one.ppg, one.rate_hz) for one in cohort]
    found = {frozenset((names[i], names[j])) for i, j, _ in shared(stretches, stretches) if i < j}
    assert found - known == {frozenset(pair) for pair in (("a178s", "v179l"), ("f450s", "v448s"), ("v244s", "v245l"))}
    # The pulse of these two is flat; that they hold the same seconds shows in their ECG alone.
    assert known - found == {frozenset(("t520s", "t521l"))}
    beats = []
    for name in ("t520s", "t521l"):
        i = names.index(name)
        raw = ecg[start[i] : start[i + 1]]
        beats.append(stretches_of(np.where(raw == MISSING, np.nan, raw * scale[i] + offset[i]), cohort.rate_hz))
    assert list(shared(beats[:1], beats[1:]))


def test_records_as_published_are_found_under_any_number_and_at_twice_the_rate(data_folder: Path) -> None:
    cohort = read_cohort(data_folder / "challenge2015" / "challenge2015.npz")
    for published, name in (("553", "t238s"), ("557", "a385l"), ("561", "v207l"), ("565", "t506s")):
        native = read_wfdb(data_folder / "challenge2015" / "native" / f"{published}.hea")
        assert native.rate_hz == 2 * cohort.rate_hz
        said = refused([record_of(native)], [record_of(cohort[name])])
        assert "hold the same seconds" in said


def test_the_default_split_is_apart(data_folder: Path) -> None:
    trained, held = people(load_config(CONFIG), data_folder / "challenge2015" / "challenge2015.npz")
    assert (len(trained), len(held)) == (221, 38)
    said = refused([record_of(one.recording) for one in (*trained, held[0])], [record_of(held[0].recording)])
    assert held[0].subject in said
