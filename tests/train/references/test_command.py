"""``pulsekey references`` from recordings to its files."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb

from firmware_bridge.errors import PulsekeyError
from tests.train.attack.conftest import wearer_recording
from train.cohorts import write_cohort
from train.commands import references
from train.config import Config
from train.references import people

NAMES = ("ada", "alan", "grace", "linus", "mae", "tim")
SECONDS = 84.0
"""Of a recording: 30 windows are needed to be held out, 25 to be enrolled and probed over 12 s."""


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    references.add_arguments(parser)
    return references.run(parser.parse_args([str(word) for word in words]))


def write_challenge(path: Path) -> None:
    """Twelve people: every simulated wearer twice, by another seed."""
    path.parent.mkdir(parents=True)
    made = []
    for number, name in enumerate(NAMES * 2):
        one = wearer_recording(name, SECONDS, seed=number)
        label = f"c15g{number}"
        made.append(replace(one, subject=label, session=label, record=label))
    write_cohort(path, made)
    with np.load(path) as arrays:
        content = dict(arrays)
    numbers = 100 + 40 * np.arange(len(made))
    np.savez(path, **content, group=numbers, number=numbers, ppg_good_frac=np.ones(len(made)))


def write_bidmc(folder: Path) -> None:
    folder.mkdir()
    for number, name in enumerate(NAMES[:3]):
        pulse = wearer_recording(name, SECONDS, seed=50 + number).ppg
        wfdb.wrsamp(
            f"bidmc{number:02d}",
            fs=125,
            units=["NU"],
            sig_name=["PLETH"],
            p_signal=((pulse - pulse.mean()) / np.ptp(pulse))[:, None],
            fmt=["16"],
            comments=[f"<source>: matched/s{number:05d}/ <data>"],
            write_dir=str(folder),
        )


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_challenge(folder / people.CHALLENGE)
    write_bidmc(folder / "bidmc")
    return folder


@pytest.fixture
def _small(tiny: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(tiny, data=replace(tiny.data, dev_people=3))
    monkeypatch.setattr(people, "load_config", lambda _: config)
    monkeypatch.setattr(people, "EPOCHS", 1)
    monkeypatch.setattr(people, "WINDOWS_PER_PERSON", 8)


@pytest.mark.usefixtures("_small")
def test_the_table_is_told_and_written_with_its_figures(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ("--data", recordings, "--out", out, "--only", "fiducials,scalogram-convmixer")
    assert run(*words) == 0
    told = capsys.readouterr().out
    assert (out / "references.md").read_text() == told
    figures = json.loads((out / "references.json").read_text())
    shipped, in_float, network, fiducials = figures["models"].values()
    assert list(figures["models"])[2:] == ["scalogram-convmixer", "fiducials"]
    assert figures["left_out"] == [f"one_month: there is no one_month/one_month.npz in {recordings.name}"]
    assert (figures["trained"], figures["held_out"], figures["cohort"]) == (9, 3, 9)
    assert shipped["parameters"] == in_float["parameters"] == 77_488
    assert network["macs"] > 2 * 24 * 48 * 300
    assert fiducials["macs"] is None
    for one in figures["models"].values():
        bidmc = one["sittings"]["BIDMC"]
        assert (bidmc["people"], bidmc["enrolled"]) == (3, 3)
        assert bidmc["as_norm"]["12"]["mated"] > 0
        assert bidmc["as_norm"]["60"]["eer"] is None
        assert 0.0 <= bidmc["cosine"]["12"]["eer"] <= 1.0
    assert shipped["sittings"]["BIDMC"]["eer_12_s_minus_shipped"] is None
    assert network["sittings"]["BIDMC"]["eer_12_s_minus_shipped"]["eer"] == pytest.approx(
        network["sittings"]["BIDMC"]["as_norm"]["12"]["eer"] - shipped["sittings"]["BIDMC"]["as_norm"]["12"]["eer"]
    )
    checkpoint = out / "scalogram-convmixer" / "last.ckpt"
    before = checkpoint.read_bytes()
    assert run(*words) == 0  # what is trained is not trained again, and fares alike
    assert checkpoint.read_bytes() == before
    again = json.loads((out / "references.json").read_text())
    for name, one in figures["models"].items():
        assert again["models"][name]["sittings"] == one["sittings"]


@pytest.mark.usefixtures("_small")
def test_nobody_who_trains_is_tested(recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "bidmc").symlink_to(recordings / "bidmc")
    (tmp_path / "challenge2015").symlink_to(recordings / "challenge2015")
    (tmp_path / "one_month").mkdir()
    sessions = np.array(["week1_session1", "week1_session2", "week2_session1"])
    np.savez(
        tmp_path / "one_month" / "one_month.npz",
        fs=31.25,
        ppg=np.zeros((3, 250), np.int16),
        ppg_scale=np.ones(3),
        ppg_offset=np.zeros(3),
        subject=np.array(["c15g4"] * 3),
        session=sessions,
    )
    with pytest.raises(PulsekeyError, match=r"c15g\d+ is in .* and is tested too"):
        run("--data", tmp_path, "--out", tmp_path / "out", "--only", "fiducials")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--only", "eigenfaces"), "no reference 'eigenfaces'; there are scalogram-convmixer, cvt-convmixer, fidu"),
        (("--data", "nowhere"), "nowhere"),
        (("--out", "/proc/version/there"), "cannot make /proc/version/there"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    recordings: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(PulsekeyError, match=says) as refused:
        run("--data", recordings, "--out", tmp_path, *words)
    assert "\n" not in str(refused.value)
