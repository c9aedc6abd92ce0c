"""``pulsekey attack`` from its arguments to its files."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import PulsekeyError
from tests.train.attack.conftest import wearer_recording
from train.attack.people import read_people
from train.cohorts import write_cohort
from train.commands import attack
from train.errors import TrainError, TrainReason


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cohort") / "wearers.npz"
    write_cohort(path, [wearer_recording(name) for name in ("mae", "tim")])
    return path


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    attack.add_arguments(parser)
    return attack.run(parser.parse_args([str(word) for word in words]))


def test_the_table_is_told_and_written_with_its_figures(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_file = tmp_path / "own.json"
    assert (
        run("--data", cohort, "--species", "replay_wire", "--presentations", 1, "--out", tmp_path, "--json", json_file)
        == 0
    )
    told = capsys.readouterr().out
    assert (tmp_path / "attacks.md").read_text() == told
    figures = json.loads(json_file.read_text())
    assert json.loads((tmp_path / "attacks.json").read_text()) == figures
    assert list(figures["attacks"]) == ["replay_wire"]
    replay = figures["attacks"]["replay_wire"]
    assert [replay["iapar"][one]["hits"] for one in ("no detection", "with challenge", "with sealed frames")] == [
        2,
        0,
        0,
    ]
    assert replay["apnrr"]["share"] == 0.0
    assert figures["genuine"]["bpcer"]["with challenge"]["hits"] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--species", "generated_wire"), "wearers.npz has no ECG of the victims"),
        (("--species", "bribery"), "no species 'bribery'"),
        (("--seed", -1), "--seed must not be negative"),
        (("--out", "nowhere"), "cannot write nowhere"),
        (("--fmr", 0.0001), "support a false match rate"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(cohort: Path, words: tuple[object, ...], says: str) -> None:
    with pytest.raises(PulsekeyError, match=says) as refused:
        run("--data", cohort, *words)
    assert "\n" not in str(refused.value)


def test_a_table_of_windows_cannot_be_played(tmp_path: Path) -> None:
    path = tmp_path / "windows.npz"
    np.savez(
        path,
        fs=125.0,
        ppg=np.zeros((2, 300), np.int16),
        ppg_scale=np.ones(2),
        ppg_offset=np.zeros(2),
        subject=np.array(["a", "b"]),
        session=np.array(["s", "s"]),
    )
    with pytest.raises(TrainError, match="table of windows") as refused:
        read_people(path)
    assert refused.value.reason is TrainReason.NO_DATA


def test_the_first_recording_of_each_person_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    first, second = wearer_recording("ada", 3.0, seed=1), wearer_recording("ada", 3.0, seed=2)
    write_cohort(path, [first, second, wearer_recording("tim", 3.0)])
    people = read_people(path)
    assert [one.subject for one in people.victims] == ["ada", "tim"]
    assert people.victims[0].recording.ppg == pytest.approx(first.ppg, abs=1.0)
    assert not people.have_ecg
    assert people.training == ()


def test_the_published_recordings_are_read(data_folder: Path) -> None:
    people = read_people(data_folder)
    assert people.have_ecg
    assert len({one.subject for one in people.victims}) == len(people.victims) >= 40
    assert len(people.training) > 200
    for one in people.victims:
        assert one.ecg is None or one.ecg.size == one.recording.ppg.size
