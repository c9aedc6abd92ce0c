from pathlib import Path

import numpy as np
import openpyxl
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from tests.train.sources.layouts import write_real_world
from train.sources.real_world import RealWorldSource


def test_a_column_is_a_signal_and_its_foot_the_person(tmp_path: Path) -> None:
    signals = write_real_world(tmp_path, {"train8": [1, 1, 2], "test8": [2]})
    records = RealWorldSource("real_world", tmp_path).records()
    assert [(one.person, one.record) for one in records] == [
        ("real_world/1", "train8/1"),
        ("real_world/1", "train8/2"),
        ("real_world/2", "train8/3"),
        ("real_world/2", "test8/1"),
    ]
    for one in records:
        got = one.read()
        np.testing.assert_array_equal(got.ppg, signals[one.record])
        assert (got.rate_hz, got.subject, got.record) == (50.0, one.person.split("/")[1], one.record)


def edited(tmp_path: Path, row: int, column: int, value: object) -> RealWorldSource:
    write_real_world(tmp_path, {"train8": [1, 2]})
    book = openpyxl.load_workbook(tmp_path / "train8.xlsx")
    book.active.cell(row, column).value = value
    book.save(tmp_path / "train8.xlsx")
    return RealWorldSource("real_world", tmp_path)


def test_an_empty_cell_is_nan(tmp_path: Path) -> None:
    ppg = edited(tmp_path, 7, 2, None).records()[1].read().ppg
    assert np.flatnonzero(np.isnan(ppg)).tolist() == [6]


@pytest.mark.parametrize(
    ("row", "column", "value", "match"),
    [
        (7, 2, "x", "a cell of the first 300 rows is no number"),
        (304, 1, "Total", "no row of people"),
        (305, 1, None, "its row of people is empty"),
        (305, 2, "Ann", "'Ann' is no person's number"),
    ],
)
def test_sheets_of_another_layout(tmp_path: Path, row: int, column: int, value: object, match: str) -> None:
    with pytest.raises(RecordingError, match=match) as caught:
        edited(tmp_path, row, column, value).records()
    assert caught.value.reason is RecordingReason.BAD_ARRAY


def test_a_damaged_book_and_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no train8\.xlsx or test8\.xlsx in"):
        RealWorldSource("real_world", tmp_path).records()
    write_real_world(tmp_path, {"train8": [1]})
    path = tmp_path / "train8.xlsx"
    whole = path.read_bytes()
    sheet = whole.index(b"xl/worksheets/sheet1.xml") + 100
    for damaged in (whole[:-200], whole[:sheet] + bytes(60) + whole[sheet + 60 :]):
        path.write_bytes(damaged)
        with pytest.raises(RecordingError, match=r"cannot read .*train8\.xlsx") as caught:
            RealWorldSource("real_world", tmp_path).records()
        assert caught.value.reason is RecordingReason.UNREADABLE
