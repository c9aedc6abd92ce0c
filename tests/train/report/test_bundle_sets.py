"""Which sets there are, what a bundle's training has to do with them, who looked at them, and what a card says."""

from pathlib import Path

import numpy as np
import pytest

from device.manifest import TrainingData
from firmware_bridge.errors import RecordingError
from firmware_bridge.recordings import Recording
from tests.train.report.bundle_recordings import write_bidmc
from train.cohorts import write_cohort
from train.errors import TrainError, TrainReason
from train.report.bundle.conditions import AGEING_SET, CONDITIONS
from train.report.bundle.looks import kept_looks, read_looks
from train.report.bundle.measuring import CURVE_S, GROUPED_S
from train.report.bundle.model import sections_of
from train.report.bundle.sets import BEGINNING_S, SETS, Facts, Kinship, kinship

BY_KEY = {one.key: one for one in SETS}
LOOK = '[[look]]\nset = "bidmc"\non = 2026-11-22\nwhy = "to see"\n'


def trained_on(*names: str) -> list[TrainingData]:
    return [TrainingData(name, "a licence", "somebody", "training") for name in names]


@pytest.mark.parametrize(
    ("key", "names", "kin"),
    [
        ("bidmc", ["PhysioNet/CinC Challenge 2015"], Kinship.SAME),
        ("one_month", ["PhysioNet/CinC Challenge 2015"], Kinship.OTHER),
        ("stress_predict", ["PhysioNet/CinC Challenge 2015", "BIDMC PPG and Respiration"], Kinship.OTHER),
        ("bidmc", ["PhysioNet/CinC Challenge 2015", "BIDMC PPG and Respiration"], Kinship.TRAINED),
        ("stress_predict", ["Stress-Predict Dataset"], Kinship.TRAINED),
        ("one_month", ["Stress-Predict Dataset"], Kinship.SAME),
        ("one_month", ["PhysioNet/CinC Challenge 2015", "recordings of my own"], Kinship.UNKNOWN),
        ("bidmc", ["recordings of my own"], Kinship.UNKNOWN),
        ("bidmc", [], Kinship.UNKNOWN),
    ],
)
def test_a_sensor_is_never_taken_for_that_of_training(key: str, names: list[str], kin: Kinship) -> None:
    assert kinship(BY_KEY[key], trained_on(*names)) is kin


def test_every_condition_has_its_set_and_the_lengths_that_are_drawn() -> None:
    assert {one.data_set for one in CONDITIONS} == set(BY_KEY)
    assert AGEING_SET in BY_KEY
    assert len({one.key for one in CONDITIONS}) == len(CONDITIONS)
    for one in CONDITIONS:
        assert {GROUPED_S, CURVE_S} <= set(one.settings.decision_seconds)


def test_sex_and_age_come_from_the_headers(tmp_path: Path) -> None:
    people = [("s00001", "M", "90+"), ("s00002", "?", "NaN"), ("s00003", "F", "46"), ("s00004", "F", "")]
    write_bidmc(tmp_path / "bidmc", people, seconds=10.0)
    read = BY_KEY["bidmc"].read(tmp_path)
    assert read is not None
    assert read.facts == {
        "s00001": Facts("M", 90), "s00002": Facts(), "s00003": Facts("F", 46), "s00004": Facts(),
    }  # fmt: skip
    assert [one.subject for one in read.recordings] == [name for name, _, _ in people]


def test_only_the_beginning_of_an_hour_is_read(tmp_path: Path) -> None:
    (tmp_path / "stress_predict").mkdir()
    long = Recording(np.arange(BEGINNING_S * 2 + 40.0), 2.0, "sp01", "1", "S01")
    write_cohort(tmp_path / "stress_predict" / "stress_predict.npz", [long])
    read = BY_KEY["stress_predict"].read(tmp_path)
    assert read is not None
    assert [len(one.ppg) for one in read.recordings] == [BEGINNING_S * 2]


def test_what_is_not_there_is_missing_and_what_is_damaged_is_told(tmp_path: Path) -> None:
    assert all(one.read(tmp_path) is None for one in SETS)
    (tmp_path / "one_month").mkdir()
    (tmp_path / "one_month" / "one_month.npz").write_bytes(b"no archive")
    with pytest.raises(RecordingError, match=r"one_month\.npz"):
        BY_KEY["one_month"].read(tmp_path)


def test_the_looks_that_are_kept_can_be_read() -> None:
    kept = kept_looks()
    assert kept is not None
    looks = read_looks(kept)
    assert {one.data_set for one in looks} <= set(BY_KEY)
    assert [one.on for one in looks] == sorted(one.on for one in looks)
    assert any(one.chosen for one in looks)


def test_a_look_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "looks.toml"
    path.write_text(LOOK + '\n[[look]]\nset = "x"\non = 2025-01-02\nwhy = "before"\nnetworks = 3\nchosen = "all"\n')
    first, second = read_looks(path)
    assert first.to_json() == {"data_set": "x", "on": "2025-01-02", "networks": 3, "why": "before", "chosen": "all"}
    assert (second.networks, second.chosen) == (0, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("look = 1\n", "must hold"),
        (LOOK + "more = 1\n", "look 1: it may have"),
        ("more = 1\n" + LOOK, "must hold"),
        (LOOK.replace("2026-11-22", '"2026-11-22"'), "must be a day"),
        (LOOK.replace("2026-11-22", "2026-11-22T10:00:00"), "must be a day"),
        (LOOK + "networks = -1\n", "whole number"),
        (LOOK + "networks = true\n", "whole number"),
        (LOOK.replace('"to see"', '" "'), "why must be a text"),
        (LOOK.replace('set = "bidmc"\n', ""), "set must be a text"),
        (LOOK + "chosen = 1\n", "chosen must be a text"),
        (LOOK + 'chosen = ""\n', "chosen must be a text"),
        ("[[look\n", "no TOML"),
    ],
)
def test_a_file_of_looks_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "looks.toml"
    path.write_text(text)
    with pytest.raises(TrainError, match=says) as caught:
        read_looks(path)
    assert caught.value.reason is TrainReason.BAD_CONFIG
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value).strip()


def test_a_file_of_looks_that_is_absent_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="give --test-looks"):
        read_looks(tmp_path / "none.toml")


def test_a_card_says_its_use_in_one_line_each() -> None:
    card = "# M\n\nx\n\n## Intended use\n\nOne.\nTwo.\n\n## Measured\n\nno\n\n## Limits\nNot that.\n### More\nno\n"
    assert sections_of(card, ("Intended use", "Limits")) == {"Intended use": "One. Two.", "Limits": "Not that."}
    assert sections_of("nothing", ("Limits",)) == {}
