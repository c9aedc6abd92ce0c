from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from tests.train.sources.layouts import write_bvp
from train.sources.empatica import E4Source


def test_the_folder_is_the_person_and_the_first_line_the_session(tmp_path: Path) -> None:
    samples = write_bvp(tmp_path / "Raw_data" / "S01" / "BVP.csv", 1_644_226_064.0, 300)
    write_bvp(tmp_path / "Raw_data" / "S02" / "BVP.csv", 1_644_227_569.5, 10, seed=1)
    one, other = E4Source("stress_predict", tmp_path).records()
    assert (one.person, other.person) == ("stress_predict/S01", "stress_predict/S02")
    assert one.session == "2022-02-07T09:27:44"
    assert (one.record, one.site) == ("Raw_data/S01", "wrist")
    got = one.read()
    np.testing.assert_array_equal(got.ppg, samples)
    assert (got.rate_hz, got.subject, got.session) == (64.0, "S01", one.session)


def test_a_person_s_own_folder_is_a_source_too(tmp_path: Path) -> None:
    write_bvp(tmp_path / "S07" / "BVP.csv", 1e9, 5)
    (one,) = E4Source("e4", tmp_path / "S07").records()
    assert (one.person, one.record) == ("e4/S07", "S07")


def test_no_value_is_nan(tmp_path: Path) -> None:
    path = tmp_path / "S01" / "BVP.csv"
    write_bvp(path, 1e9, 3)
    path.write_bytes(path.read_bytes() + b"nan\r\ninf\r\n2.50\r\n")
    np.testing.assert_array_equal(E4Source("e4", tmp_path).records()[0].read().ppg[3:], [np.nan, np.nan, 2.5])


@pytest.mark.parametrize(
    ("content", "reason", "match"),
    [
        (b"1e9\n64\n", RecordingReason.NO_SIGNAL, "has no samples"),
        (b"1e9\n0\n1\n", RecordingReason.BAD_ARRAY, "a sampling rate of 0 Hz"),
        (b"1e9\n64\n1\nx\n2\n", RecordingReason.BAD_ARRAY, "a line is no number"),
        (b"1e9\n64\n1,2\n", RecordingReason.BAD_ARRAY, "a line is no number"),
    ],
)
def test_damaged_signals(tmp_path: Path, content: bytes, reason: RecordingReason, match: str) -> None:
    (tmp_path / "BVP.csv").write_bytes(content)
    (one,) = E4Source("e4", tmp_path).records()
    with pytest.raises(RecordingError, match=match) as caught:
        one.read()
    assert caught.value.reason is reason
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("head", [b"", b"time\n", b"1e300\n", b"nan\n", b"\xff\n"])
def test_a_first_line_that_is_no_time(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "BVP.csv").write_bytes(head + b"64\n1\n" if head else b"")
    with pytest.raises(RecordingError, match="is no Unix time"):
        E4Source("e4", tmp_path).records()


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no BVP\.csv in .*; give a folder"):
        E4Source("e4", tmp_path).records()
