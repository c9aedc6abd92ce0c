from pathlib import Path

import h5py
import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from tests.train.sources.layouts import write_cuffless
from train.people import MIN_NUMBER_DISTANCE, may_be_one_person
from train.sources.cuffless import CufflessSource


def test_the_first_row_of_every_cell_is_the_pulse(tmp_path: Path) -> None:
    pulses = write_cuffless(tmp_path, {"Part_1": [1000, 20], "Part_2": [7], "Part_10": [40]})
    records = CufflessSource("cuffless", tmp_path).records()
    assert [one.record for one in records] == ["Part_1/0", "Part_1/1", "Part_2/0", "Part_10/0"]
    for one in records:
        got = one.read()
        np.testing.assert_array_equal(got.ppg, pulses[one.record])
        assert got.rate_hz == 125.0
    assert len({one.person for one in records}) == 4


def test_records_near_in_number_may_be_one_person_also_across_files(tmp_path: Path) -> None:
    write_cuffless(tmp_path, {"Part_1": [3] * 12, "Part_2": [3] * 12})
    records = CufflessSource("cuffless", tmp_path).records()
    assert [one.number for one in records] == list(range(24))
    assert may_be_one_person(records[11], records[12])
    assert not may_be_one_person(records[0], records[MIN_NUMBER_DISTANCE])


def test_a_damaged_file_and_one_of_another_kind(tmp_path: Path) -> None:
    write_cuffless(tmp_path, {"Part_1": [100]})
    path = tmp_path / "Part_1.mat"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordingError, match=r"cannot read .*Part_1\.mat") as caught:
        CufflessSource("cuffless", tmp_path).records()
    assert caught.value.reason is RecordingReason.UNREADABLE
    with h5py.File(path, "w") as file:
        file["Part_1"] = np.zeros((3, 10))
    with pytest.raises(RecordingError, match="0 cell arrays, where one was expected"):
        CufflessSource("cuffless", tmp_path).records()
    with h5py.File(path, "w") as file:
        cells = file.create_dataset("Part_1", (1, 1), dtype=h5py.ref_dtype)
        cells[0, 0] = file.create_dataset("#refs#/a", data=np.zeros((10, 2))).ref
    with pytest.raises(RecordingError, match=r"record 0 has shape \(10, 2\)"):
        CufflessSource("cuffless", tmp_path).records()[0].read()
    with pytest.raises(RecordingError, match=r"no Part_1\.mat in"):
        CufflessSource("cuffless", tmp_path / "..").records()


def test_a_cell_that_refers_to_nothing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "Part_1.mat", "w") as file:
        file.create_dataset("Part_1", (1, 1), dtype=h5py.ref_dtype)
    with pytest.raises(RecordingError, match="cannot read") as caught:
        CufflessSource("cuffless", tmp_path).records()[0].read()
    assert "\n" not in str(caught.value)
