"""The sets that are at hand, read as they are."""

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.recordings import read_cohort, read_wfdb
from train.cohorts import read_bidmc, read_challenge
from train.sources.opening import open_source


def test_bidmc_tells_person_sex_and_age(data_folder: Path) -> None:
    folder = data_folder / "bidmc"
    source = open_source(str(folder))
    records = source.records()
    assert source.name == "bidmc"
    assert source.path == folder
    assert len(records) == len({one.person for one in records}) == 43
    for one in records:
        told = (folder / f"{one.record}.hea").read_text().split("#", 1)[1]
        age, sex = told.split("<age>: ")[1].split()[0], told.split("<sex>: ")[1].split()[0]
        assert one.age == (int(age.rstrip("+")) if age != "NaN" else None)
        assert one.sex == (sex if sex != "?" else "")
        assert one.person.startswith("bidmc/s")
        assert f"/{one.person.removeprefix('bidmc/')}/" in told
        assert (one.site, one.number) == ("finger", -1)
    assert sum(one.age is None for one in records) == 1
    for one in records[::10]:
        ours, theirs = one.read(), read_wfdb(folder / f"{one.record}.hea")
        np.testing.assert_allclose(ours.ppg, theirs.ppg, atol=1e-9)
        assert ours.rate_hz == 125.0
    for before, one in zip(read_bidmc(folder)[::10], records[::10], strict=True):
        np.testing.assert_array_equal(before.recording.ppg, one.read().ppg)


def test_the_challenge_file_gives_every_record_up_to_its_alarm(data_folder: Path) -> None:
    path = data_folder / "challenge2015" / "challenge2015.npz"
    records = {one.record: one for one in open_source(str(path)).records()}
    with np.load(path) as arrays:
        known = list(zip(arrays["record"], arrays["group"], arrays["number"], strict=True))
    assert list(records) == [str(record) for record, _, _ in known]
    for record, group, number in known:
        assert records[record].number == number
        assert records[record].person == f"challenge2015/c15g{group}"
    for one in read_challenge(path, 0.9)[:5]:
        again = records[one.recording.record].read()
        np.testing.assert_array_equal(again.ppg, one.recording.ppg)
        assert again.ppg.size <= 285 * 125


def test_the_challenge_as_published_is_the_cohort_file_at_twice_the_rate(data_folder: Path) -> None:
    folder = data_folder / "challenge2015" / "native"
    records = open_source(f"challenge2015={folder}").records()
    assert [(one.person, one.number) for one in records] == [(f"challenge2015/{n}", n) for n in (553, 557, 561, 565)]
    for one in records:
        ours, theirs = one.read(), read_wfdb(folder / f"{one.record}.hea")
        assert ours.rate_hz == 250.0
        assert ours.ppg.size == 285 * 250
        np.testing.assert_allclose(ours.ppg, theirs.ppg[: 285 * 250], atol=1e-9)


@pytest.mark.parametrize(("name", "people", "count"), [("one_month", 11, 1959), ("stress_predict", 35, 35)])
def test_wrist_sets_are_their_cohort_files(data_folder: Path, name: str, people: int, count: int) -> None:
    path = data_folder / name / f"{name}.npz"
    records, cohort = open_source(f"{name}={path}").records(), read_cohort(path)
    assert [one.person for one in records] == [f"{name}/{subject}" for subject in cohort.subjects]
    assert len({one.person for one in records}) == people
    assert len({one.record for one in records}) == len(records) == count
    assert {one.site for one in records} == {"wrist"}
    for i in (0, count // 2, count - 1):
        assert records[i].session == cohort.sessions[i]
        np.testing.assert_array_equal(records[i].read().ppg, cohort[i].ppg)


def test_sessions_of_one_day_share_a_beginning(data_folder: Path) -> None:
    records = open_source(str(data_folder / "one_month" / "one_month.npz")).records()
    assert {one.session[:5] for one in records} == {"week1", "week2"}
