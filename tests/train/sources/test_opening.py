from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording
from tests.train.sources.layouts import (
    write_bvp,
    write_cuffless,
    write_dalia,
    write_mimic3,
    write_mimic4,
    write_real_world,
    write_segment,
    write_wf_measured,
    write_wf_prepared,
)
from train.cohorts import write_cohort
from train.sources.opening import SOURCES, open_source


def write_bidmc(folder: Path) -> None:
    write_segment(folder, "bidmc01", 300, 0)
    with (folder / "bidmc01.hea").open("a") as file:
        file.write("# <age>: 90+ <sex>: ? <source>: https://example.org/matched/s01182/ <data segment>: 1\n")


def write_challenge(folder: Path) -> None:
    write_segment(folder, "a103l", 300, 0)


def write_e4(folder: Path) -> None:
    write_bvp(folder / "P1" / "BVP.csv", 1e9, 10)


LAYOUTS: dict[str, Callable[[Path], object]] = {
    "bidmc": write_bidmc,
    "challenge2015": write_challenge,
    "mimic3": write_mimic3,
    "mimic4": write_mimic4,
    "cuffless": lambda folder: write_cuffless(folder, {"Part_1": [30, 40]}),
    "real_world": lambda folder: write_real_world(folder, {"test8": [1, 2]}),
    "wf_ppg": lambda folder: write_wf_prepared(folder / "processed", "1000", 0),
    "ppg_dalia": write_dalia,
    "e4": write_e4,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "recordings"
    path.mkdir()
    return path


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_named_alone_is_recognised_and_named_it_is_the_same(folder: Path, name: str) -> None:
    LAYOUTS[name](folder)
    alone, named = open_source(str(folder)), open_source(f"{name}={folder}")
    assert type(alone) is type(named)
    assert alone.name == named.name == ("recordings" if name == "e4" else name)
    assert alone.path == named.path == folder
    records = alone.records()
    assert records
    assert [one.record for one in records] == [one.record for one in named.records()]
    assert len({one.record for one in records}) == len(records)
    for one in records:
        recording = one.read()
        assert one.person == f"{alone.name}/{recording.subject}"
        assert (recording.record, recording.session) == (one.record, one.session)
        assert recording.ppg.dtype == np.float64
        assert recording.ppg.size
        assert not np.isinf(recording.ppg).any()


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"cohort", "csv"}))
def test_a_wrong_layout_is_one_line(folder: Path, name: str) -> None:
    (folder / "notes.txt").write_text("nothing")
    with pytest.raises(RecordingError) as caught:
        open_source(f"{name}={folder}").records()
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bidmc_without_a_known_age_or_sex(folder: Path) -> None:
    write_bidmc(folder)
    (one,) = open_source(str(folder)).records()
    assert (one.person, one.sex, one.age) == ("bidmc/s01182", "", 90)


def test_a_record_without_pulse_is_told_when_it_is_read(folder: Path) -> None:
    write_segment(folder, "a104s", 300, 0, pulse=None)
    write_challenge(folder)
    good, other = open_source(str(folder)).records()
    assert good.read().ppg.size == 300
    with pytest.raises(RecordingError, match=r"a104s\.hea has no PLETH signal, only II; leave it out") as caught:
        other.read()
    assert caught.value.reason is RecordingReason.NO_SIGNAL


def test_a_cohort_is_called_as_its_file_unless_that_is_a_source(tmp_path: Path) -> None:
    recordings = [Recording(np.arange(50.0), 125.0, "ann", "monday", "r1")]
    for stem, name, site in (("mine", "mine", ""), ("one_month", "one_month", "wrist"), ("e4", "e4", "")):
        write_cohort(tmp_path / f"{stem}.npz", recordings)
        source = open_source(str(tmp_path / f"{stem}.npz"))
        (one,) = source.records()
        assert (source.name, one.person, one.session, one.site) == (name, f"{name}/ann", "monday", site)
        np.testing.assert_allclose(one.read().ppg, np.arange(50.0), atol=1e-2)
    assert open_source(f"cohort={tmp_path / 'one_month.npz'}").name == "one_month"
    assert open_source(f"bidmc={tmp_path / 'mine.npz'}").records()[0].person == "bidmc/ann"
    with pytest.raises(RecordingError, match="no array 'group'"):
        open_source(f"challenge2015={tmp_path / 'mine.npz'}").records()


def test_stress_predict_may_be_its_raw_folder(folder: Path) -> None:
    write_e4(folder)
    assert open_source(f"stress_predict={folder}").records()[0].person == "stress_predict/P1"


def test_a_path_may_hold_an_equals_sign(tmp_path: Path) -> None:
    path = tmp_path / "a=b"
    path.mkdir()
    write_e4(path)
    assert open_source(f"e4={path}").records()[0].person == "a=b/P1"
    assert open_source(str(path)).records()[0].person == "a=b/P1"


def test_what_cannot_be_opened_says_what_there_is(folder: Path) -> None:
    with pytest.raises(RecordingError, match=r"no source is named 'bimdc'; there are bidmc, challenge2015, ") as caught:
        open_source(f"bimdc={folder}")
    assert caught.value.reason is RecordingReason.NOT_FOUND
    with pytest.raises(RecordingError, match=r"nothing at '.*none'; give NAME=PATH"):
        open_source(f"bidmc={folder / 'none'}")
    with pytest.raises(RecordingError, match="nothing at ''"):
        open_source("")
    with pytest.raises(
        RecordingError, match=r"laid out as no known source; say which, NAME=.*, of bidmc, .*csv$"
    ) as caught:
        open_source(str(folder))
    assert caught.value.reason is RecordingReason.UNREADABLE
    with pytest.raises(RecordingError, match=r"is a folder; one_month takes a path like this: a cohort file"):
        open_source(f"one_month={folder}")
    (folder / "x.dat").touch()
    with pytest.raises(RecordingError, match=r"is a file; mimic3 takes a path like this: folder of"):
        open_source(f"mimic3={folder / 'x.dat'}")


def test_wf_ppg_is_recognised_as_measured_too(folder: Path) -> None:
    write_wf_measured(folder, "1000", "wrist")
    assert open_source(str(folder)).name == "wf_ppg"
