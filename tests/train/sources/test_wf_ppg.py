from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from tests.train.sources.layouts import write_wf_measured, write_wf_prepared
from train.sources.wf_ppg import WfPpgSource


def test_measured_files_are_infrared_turned_over(tmp_path: Path) -> None:
    signals = {site: write_wf_measured(tmp_path / "raw_data", "1000", site) for site in ("finger", "wrist")}
    write_wf_prepared(tmp_path / "processed", "1000", 0)
    records = WfPpgSource("wf_ppg", tmp_path).records()
    assert [(one.person, one.site) for one in records] == [("wf_ppg/1000", "finger"), ("wf_ppg/1000", "wrist")]
    for one in records:
        got = one.read()
        np.testing.assert_array_equal(got.ppg, -signals[one.site])
        assert got.rate_hz == 128.0


def test_prepared_files_are_wrist_and_finger_a_window(tmp_path: Path) -> None:
    windows = {i: write_wf_prepared(tmp_path, "1003", i) for i in range(2)}
    records = WfPpgSource("wf_ppg", tmp_path).records()
    assert len({one.record for one in records}) == len(records) == 4
    for one in records:
        assert one.person == "wf_ppg/1003"
        assert one.session.startswith("1/")
        got = one.read()
        np.testing.assert_array_equal(got.ppg, -windows[int(one.session[2:])][one.site])
        assert got.rate_hz == 100.0


def test_damaged_files(tmp_path: Path) -> None:
    write_wf_measured(tmp_path, "1000", "wrist")
    path = tmp_path / "wrist_1000.csv"
    (one,) = WfPpgSource("wf_ppg", tmp_path).records()
    text = path.read_text()
    path.write_text(text.replace("LEDC2", "LEDX"))
    with pytest.raises(RecordingError, match=r"has no column 'LEDC2', only timestamp, LEDC1") as caught:
        one.read()
    assert caught.value.reason is RecordingReason.NO_SIGNAL
    path.write_text(text.replace("timestamp", "time"))
    with pytest.raises(RecordingError, match="has no header that begins with 'timestamp'"):
        one.read()
    lines = text.splitlines()
    path.write_text("\n".join([*lines[:10], "1,2,three,4,5", *lines[10:]]))
    with pytest.raises(RecordingError, match="row 11 'three' is not all numbers"):
        one.read()
    path.write_text("\n".join(lines[:3]))
    with pytest.raises(RecordingError, match="has no samples"):
        one.read()


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "wrist.csv").write_text("timestamp,LEDC2\n")
    with pytest.raises(RecordingError, match=r"no wrist_NNNN\.csv or N_preprocessed_NNNN\.csv in"):
        WfPpgSource("wf_ppg", tmp_path).records()
