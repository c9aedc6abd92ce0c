import zipfile
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from tests.train.sources.layouts import bvp, write_dalia
from train.sources import ppg_dalia
from train.sources.ppg_dalia import DaliaSource


def test_the_archive_is_read_and_the_questionnaire(tmp_path: Path) -> None:
    pulses = write_dalia(tmp_path, 2)
    records = DaliaSource("ppg_dalia", tmp_path).records()
    assert [(one.person, one.sex, one.age) for one in records] == [("ppg_dalia/S1", "M", 31), ("ppg_dalia/S2", "F", 32)]
    assert records[0].session == "2017-07-15T02:40:00"
    for one, pulse in zip(records, pulses, strict=True):
        np.testing.assert_array_equal(one.read().ppg, pulse)
        assert one.read().rate_hz == 64.0


def test_people_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_dalia(tmp_path, 2)
    (tmp_path / "S1").rename(tmp_path / "S10")
    for path in (tmp_path / "S10").iterdir():
        path.rename(path.with_name(path.name.replace("S1", "S10")))
    (tmp_path / "S10" / "S10_quest.csv").unlink()
    records = DaliaSource("ppg_dalia", tmp_path).records()
    assert [one.record for one in records] == ["S2", "S10"]
    assert (records[1].sex, records[1].age) == ("", None)


def test_an_unpacked_archive_is_the_same(tmp_path: Path) -> None:
    (pulse,) = write_dalia(tmp_path, 1)
    archive = tmp_path / "S1" / "S1_E4.zip"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "S1" / "S1_E4")
    archive.unlink()
    np.testing.assert_array_equal(DaliaSource("ppg_dalia", tmp_path).records()[0].read().ppg, pulse)


def test_the_pickle_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dalia(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    DaliaSource("ppg_dalia", tmp_path).records()[0].read()
    (tmp_path / "S1" / "S1_E4.zip").unlink()
    with pytest.raises(RecordingError, match=r"no S1_E4\.zip in .*; add it, since the \.pkl is not read"):
        DaliaSource("ppg_dalia", tmp_path).records()
    assert not (tmp_path / "opened").exists()


def test_damaged_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dalia(tmp_path, 1)
    archive = tmp_path / "S1" / "S1_E4.zip"
    whole = bytearray(archive.read_bytes())
    (one,) = DaliaSource("ppg_dalia", tmp_path).records()
    middle = whole.index(b"BVP.csv") + 300
    whole[middle : middle + 40] = bytes(40)
    archive.write_bytes(whole)
    with pytest.raises(RecordingError, match="cannot read") as caught:
        one.read()
    assert caught.value.reason is RecordingReason.UNREADABLE
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordingError, match="cannot read"):
        one.read()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("ACC.csv", "0")
    with pytest.raises(RecordingError, match=r"holds 0 files BVP\.csv"):
        one.read()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("BVP.csv", bvp(1e9, np.zeros(100)))
    monkeypatch.setattr(ppg_dalia, "MAX_BYTES", 100)
    with pytest.raises(RecordingError, match="of text"):
        one.read()


def test_a_folder_of_nobody(tmp_path: Path) -> None:
    (tmp_path / "Sx").mkdir()
    with pytest.raises(RecordingError, match=r"no S1/S1_E4\.zip in .*; give the folder PPG_FieldStudy"):
        DaliaSource("ppg_dalia", tmp_path).records()
