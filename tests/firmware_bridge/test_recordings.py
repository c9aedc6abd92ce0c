"""Cohort files, WFDB and CSV: the numbers by hand, the real files, and each way to be wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import open_recording, read_cohort, read_csv, read_wfdb

MISSING = -32768


def ragged() -> dict[str, Any]:
    return {
        "fs": np.float64(50),
        "start": np.array([0, 3, 5]),
        "ppg": np.array([1, MISSING, 3, 10, 20], np.int16),
        "ppg_scale": np.array([0.5, 2.0]),
        "ppg_offset": np.array([0.25, -1.0]),
        "subject": np.array(["p1", "p2"]),
        "session": np.array(["a", "b"]),
        "record": np.array(["r1", "r2"]),
    }


def windowed() -> dict[str, Any]:
    arrays = ragged() | {"ppg": np.array([[1, 2, 3], [4, MISSING, 6]], np.int16)}
    del arrays["start"], arrays["record"]
    return arrays


def save(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, **arrays)
    return path


@contextmanager
def refused(reason: RecordingReason, match: str) -> Iterator[None]:
    with pytest.raises(RecordingError, match=match) as caught:
        yield
    assert caught.value.reason is reason
    assert "\n" not in str(caught.value)


def test_a_ragged_cohort_is_scaled_record_by_record(tmp_path: Path) -> None:
    cohort = read_cohort(save(tmp_path / "c.npz", ragged()))
    one, two = cohort
    np.testing.assert_array_equal(one.ppg, [0.75, np.nan, 1.75])
    np.testing.assert_array_equal(two.ppg, [19.0, 39.0])
    assert (one.rate_hz, two.subject, two.session, two.record) == (50.0, "p2", "b", "r2")
    assert (len(cohort), cohort.windowed, cohort["r2"].record, cohort["p1"].record) == (2, False, "r2", "r1")
    with refused(RecordingReason.NOT_FOUND, "no record 'x'; it has 2, such as r1, r2"):
        cohort["x"]


def test_a_windowed_cohort_is_a_table_of_records(tmp_path: Path) -> None:
    cohort = read_cohort(save(tmp_path / "c.npz", windowed()))
    assert (cohort.windowed, len(cohort), [one.record for one in cohort]) == (True, 2, ["0", "1"])
    np.testing.assert_array_equal(cohort[1].ppg, [7.0, np.nan, 11.0])


@pytest.mark.parametrize("name", sorted(set(ragged()) - {"record"}))
def test_a_ragged_cohort_names_the_array_it_lacks(tmp_path: Path, name: str) -> None:
    arrays = ragged()
    del arrays[name]
    with refused(RecordingReason.MISSING_ARRAY, f"has no array '{name}'"):
        read_cohort(save(tmp_path / "c.npz", arrays))


@pytest.mark.parametrize("name", sorted(windowed()))
def test_a_windowed_cohort_names_the_array_it_lacks(tmp_path: Path, name: str) -> None:
    arrays = windowed()
    del arrays[name]
    with refused(RecordingReason.MISSING_ARRAY, f"has no array '{name}'"):
        read_cohort(save(tmp_path / "c.npz", arrays))


@pytest.mark.parametrize(
    "change",
    [{"ppg": np.zeros(5)}, {"ppg": np.zeros((1, 5), np.int16)}, {"start": np.array([0, 3])},
     {"start": np.array([0, 6, 9])}, {"start": np.array([0, 4, 3])}, {"start": np.array([-1, 3, 5])},
     {"ppg_scale": np.array([1.0])}, {"ppg_scale": np.array([1.0, np.nan])}, {"fs": np.float64(0)},
     {"fs": np.float64(np.nan)}, {"fs": np.array([1.0, 2.0])}, {"subject": np.array([1, 2])},
     {"subject": np.array(["a", None], object)}, {"subject": np.array([], "U1")},
     {"record": np.array(["a"])}],
)  # fmt: skip
def test_a_cohort_of_wrong_arrays_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with refused(RecordingReason.BAD_ARRAY, "."):
        read_cohort(save(tmp_path / "c.npz", ragged() | change))


def test_what_is_no_cohort_file(tmp_path: Path) -> None:
    with refused(RecordingReason.NOT_FOUND, "no such file"):
        read_cohort(tmp_path / "none.npz")
    good = save(tmp_path / "good.npz", ragged()).read_bytes()
    np.save(tmp_path / "array.npy", np.zeros(3))
    contents = (b"", b"text", good[: len(good) // 2], (tmp_path / "array.npy").read_bytes(), b"\x80\x04.")
    for i, content in enumerate(contents):
        path = tmp_path / f"{i}.npz"
        path.write_bytes(content)
        with refused(RecordingReason.UNREADABLE, r"no (readable )?\.npz"):
            read_cohort(path)


@pytest.mark.parametrize(
    ("path", "records", "rate_hz", "is_windowed"),
    [("challenge2015/challenge2015.npz", 508, 125.0, False), ("one_month/one_month.npz", 1959, 31.25, True),
     ("stress_predict/stress_predict.npz", 35, 64.0, False)],
)  # fmt: skip
def test_real_cohorts(data: Path, path: str, records: int, rate_hz: float, is_windowed: bool) -> None:
    cohort = read_cohort(data / path)
    assert (len(cohort), cohort.rate_hz, cohort.windowed) == (records, rate_hz, is_windowed)
    with np.load(data / path) as arrays:
        raw = arrays["ppg"]
        raw = raw[-1] if is_windowed else raw[arrays["start"][-2] : arrays["start"][-1]]
        expected = raw * arrays["ppg_scale"][-1] + arrays["ppg_offset"][-1]
    last = cohort[records - 1]
    present = raw != MISSING
    np.testing.assert_array_equal(np.isnan(last.ppg), ~present)
    np.testing.assert_allclose(last.ppg[present], expected[present])


def hea(folder: Path, *lines: str, samples: list[int] | None = None, offset: int = 0) -> Path:
    (folder / "r.hea").write_text("\n".join(lines) + "\n")
    if samples is not None:
        (folder / "r.dat").write_bytes(b"\xee" * offset + np.array(samples, "<i2").tobytes())
    return folder / "r.hea"


def test_wfdb_by_hand(tmp_path: Path) -> None:
    path = hea(
        tmp_path,
        "# a comment",
        "r 3 100.5 3 12:00:00 1/1/2020",
        "r.dat 16+4 2 12 5 0 0 0 II",
        "r.dat 16+4 10(-20)/NU 16 0 0 0 0 Finger PLETH, ",
        "other.dat 16 0 12 0 0 0 0 RESP",
        "#x matched/s01182/",
        samples=[1, 10, 2, MISSING, 3, 30],
        offset=4,
    )
    for name in (path, tmp_path / "r", tmp_path / "r.dat"):
        recording = read_wfdb(name)
        np.testing.assert_allclose(recording.ppg, [3.0, np.nan, 5.0])
        assert (recording.rate_hz, recording.subject, recording.record) == (100.5, "s01182", "r")


def test_wfdb_without_baseline_or_gain(tmp_path: Path) -> None:
    path = hea(tmp_path, "r 1", "r.dat 16 0/NU 12 100 0 0 0 PPG", samples=[100, 300])
    assert read_wfdb(path).ppg.tolist() == [0.0, 1.0]
    assert read_wfdb(path).rate_hz == 250.0


@pytest.mark.parametrize(
    ("lines", "samples", "reason", "match"),
    [
        (
            ["r 1 125 2", "r.dat 212 1 16 0 0 0 0 PLETH"],
            [1, 2],
            RecordingReason.UNREADABLE,
            "format 212; only 16",
        ),
        (["r 1 125 2", "r.dat 16x2 1 16 0 0 0 0 PLETH"], [1, 2], RecordingReason.UNREADABLE, "format 16x2"),
        (["r/2 1 125 2", "r1 1"], [1, 2], RecordingReason.UNREADABLE, "several segments"),
        (["r 1 125 2", "r.dat 16 1 16 0 0 0 0 ECG"], [1, 2], RecordingReason.NO_SIGNAL, "it has ECG"),
        (["r 2 125 2", "r.dat 16 1 16 0 0 0 0 PLETH"], [1, 2], RecordingReason.UNREADABLE, "describes 1"),
        (["r 1 125 3", "r.dat 16 1 16 0 0 0 0 PLETH"], [1, 2], RecordingReason.UNREADABLE, "cut short"),
        (["r 1 125 2", "r.dat 16 1 16 0 0 0 0 PLETH"], None, RecordingReason.NOT_FOUND, r"r\.dat"),
        (["r 1 0 2", "r.dat 16 1 16 0 0 0 0 PLETH"], [1, 2], RecordingReason.BAD_ARRAY, "rate of 0 Hz"),
        ([""], None, RecordingReason.UNREADABLE, "no WFDB record line"),
    ],
)
def test_wfdb_that_cannot_be_read(
    tmp_path: Path, lines: list[str], samples: list[int] | None, reason: RecordingReason, match: str
) -> None:
    with refused(reason, match):
        read_wfdb(hea(tmp_path, *lines, samples=samples))


def test_real_wfdb_against_the_published_package(data: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    for path in (
        data / "bidmc" / "bidmc01",
        data / "bidmc" / "bidmc24",
        data / "challenge2015" / "native" / "561",
    ):
        theirs = wfdb.rdrecord(str(path))
        names = [name.strip(" ,") for name in theirs.sig_name]
        ours = read_wfdb(path)
        np.testing.assert_allclose(ours.ppg, theirs.p_signal[:, names.index("PLETH")], atol=1e-9)
        assert ours.rate_hz == theirs.fs
    assert read_wfdb(data / "bidmc" / "bidmc24").subject == "s12531"


def test_every_real_wfdb_record_can_be_read(data: Path) -> None:
    paths = sorted((data / "bidmc").glob("*.hea")) + sorted((data / "challenge2015" / "native").glob("*.hea"))
    assert len(paths) == 47
    for path in paths:
        recording = read_wfdb(path)
        assert len(recording.ppg) / recording.rate_hz > 250
        assert np.isfinite(recording.ppg).mean() > 0.5


def csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "one.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "ppg", "rate_hz"),
    [
        ("ppg\n1\n2.5\n\nnan\n4\n", [1, 2.5, np.nan, 4], 99.0),
        ("1\n2\n3\n", [1, 2, 3], 99.0),
        ("0.00,5\n0.01,6\n0.02,7\n", [5, 6, 7], 100.0),
        ("t_ms;ECG;PPG\n0;9;5\n8;9;6\n16;9;7\n", [5, 6, 7], 125.0),
        ("time [us]\tir\n0\t5\n8000\t6\n16000\t7\n", [-5, -6, -7], 125.0),
        ("time,ppg\n0,5\n1,6\n2,\n5,8\n6,9\n7,9\n8,9\n", [5, 6, np.nan, np.nan, np.nan, 8, 9, 9, 9], 1.0),
        ("t\tppg\n0\t5\n1\t\n2\t7\n", [5, np.nan, 7], 1.0),
        ("ppg\tt\n5\t0\n\t1\n7\t2\n", [5, np.nan, 7], 1.0),
        ('"time","pleth"\n"0","5"\n"1","6"\n', [5, 6], 1.0),
    ],
)
def test_csv(tmp_path: Path, text: str, ppg: list[float], rate_hz: float) -> None:
    recording = read_csv(csv(tmp_path, text), 99.0)
    np.testing.assert_array_equal(recording.ppg, ppg)
    assert recording.rate_hz == pytest.approx(rate_hz)


@pytest.mark.parametrize(
    ("text", "reason", "match"),
    [
        ("", RecordingReason.NO_SIGNAL, "empty"),
        ("ppg\n1\n", RecordingReason.UNREADABLE, r"\?rate=HZ"),
        ("a,b\n1,2\n", RecordingReason.NO_SIGNAL, "no column ppg or ir; it has a, b"),
        ("1,2,3\n", RecordingReason.NO_SIGNAL, "3 columns and no header"),
        ("t,ppg\n0,1\n1,x\n", RecordingReason.UNREADABLE, "row 3: 'x' is no number"),
        ("t,ppg\n0,1\n0,1\n", RecordingReason.BAD_ARRAY, "does not always go up"),
        ("t,ppg\n0,1\n", RecordingReason.BAD_ARRAY, "does not always go up"),
        ("t,ppg\n", RecordingReason.NO_SIGNAL, "a header and no samples"),
        ("t,ppg\n0,1\n1,1\n2,1\n999999999,1\n", RecordingReason.BAD_ARRAY, "jumps"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path: Path, text: str, reason: RecordingReason, match: str) -> None:
    with refused(reason, match):
        read_csv(csv(tmp_path, text))


def test_files_are_opened_by_their_name(tmp_path: Path) -> None:
    cohort = save(tmp_path / "c.npz", ragged())
    assert open_recording(cohort, record="r2").subject == "p2"
    with refused(RecordingReason.NOT_FOUND, r"2 records: add \?record=NAME, such as r1, r2"):
        open_recording(cohort)
    assert open_recording(csv(tmp_path, "1\n2\n"), rate_hz=5.0).rate_hz == 5.0
    with refused(RecordingReason.NOT_FOUND, "leave out record=x"):
        open_recording(csv(tmp_path, "1\n2\n"), record="x")
    with refused(RecordingReason.NOT_FOUND, r"cannot read .*none\.hea"):
        open_recording(tmp_path / "none")


def test_a_part_of_a_recording(tmp_path: Path) -> None:
    recording = read_csv(csv(tmp_path, "\n".join(map(str, range(100)))), 10.0)
    assert recording.cut(2.0, 0.3).ppg.tolist() == [20, 21, 22]
    assert len(recording.cut(9.0).ppg) == 10
    with refused(RecordingReason.NO_SIGNAL, "lasts 10 s"):
        recording.cut(10.0)
