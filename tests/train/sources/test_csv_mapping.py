from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from train.errors import TrainError
from train.sources.opening import open_source

BASE = 'name = "ring"\nfiles = "data/**/*.csv"\nppg = "ir"\n'


def mapping(folder: Path, text: str) -> str:
    path = folder / "ring.toml"
    path.write_text(text)
    return str(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_path_tells_who_and_when(tmp_path: Path) -> None:
    for person in ("P1_f31", "P2_m"):
        for day in (1, 2):
            rows = "\n".join(f"{i * 10},{1000 - i * day}" for i in range(50))
            write(tmp_path / "data" / person / f"day{day}.csv", f"t_ms, ir\n{rows}\n")
    told = r"(?P<person>P\d+)_(?P<sex>[fm])(?P<age>\d+)?/(?P<session>day\d)"
    text = f"{BASE}inverted = true\ntime = 't_ms'\ntime_unit = 'ms'\nsite = 'finger'\npath = '{told}'\n"
    source = open_source(mapping(tmp_path, text))
    records = source.records()
    assert source.name == "ring"
    assert [(one.person, one.session) for one in records] == [
        ("ring/P1", "day1"),
        ("ring/P1", "day2"),
        ("ring/P2", "day1"),
        ("ring/P2", "day2"),
    ]
    assert [(one.sex, one.age, one.site) for one in records[::2]] == [("F", 31, "finger"), ("M", None, "finger")]
    got = records[1].read()
    np.testing.assert_array_equal(got.ppg, [-(1000.0 - 2 * i) for i in range(50)])
    assert got.rate_hz == pytest.approx(100.0)
    assert (got.subject, got.session, got.record) == ("P1", "day2", records[1].record)


def test_columns_tell_who_and_rows_of_several_may_alternate(tmp_path: Path) -> None:
    rows = [f"{'ab'[i % 2]};{i // 10};{i}" for i in range(40)]
    write(tmp_path / "data" / "all.csv", "\n".join(["who;day;ir", *rows]))
    text = f'{BASE}rate_hz = 25\nperson = "who"\nsession = "day"\n'
    records = open_source(f"csv={mapping(tmp_path, text)}").records()
    assert len(records) == len({one.record for one in records}) == 8
    for one in records:
        got = one.read()
        mine = [float(i) for i in range(40) if f"ring/{'ab'[i % 2]}" == one.person and str(i // 10) == one.session]
        assert got.ppg.tolist() == mine
        assert got.rate_hz == 25.0


def test_empty_cells_and_gaps_in_time_are_nan(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.csv", "ir\tt\n1\t0\n\t0.5\nnan\t1.0\n4\t1.5\n5\t4.0\n6\t4.5\n7\t5\n")
    (one,) = open_source(mapping(tmp_path, f"{BASE}time = 't'\npath = '(?P<person>[a-z]).csv'\n")).records()
    got = one.read()
    np.testing.assert_array_equal(got.ppg, [1, np.nan, np.nan, 4, np.nan, np.nan, np.nan, np.nan, 5, 6, 7])
    assert got.rate_hz == 2.0


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("time = 't'\nperson = 'who'\nrate_hz = 1.0", "give either time or rate_hz"),
        ("person = 'who'", "give either time or rate_hz"),
        ("rate_hz = 1.0", "say whose"),
        ("rate_hz = 1.0\nperson = 'who'\npath = '(?P<person>x)'", "say whose"),
        ("rate_hz = 1.0\npath = '(?P<who>x)(?P<person>y)'", "its groups are of person, session, sex, age"),
        ("rate_hz = 1.0\npath = '(?P<person'", "is no regular expression"),
        ("rate_hz = 1.0\nperson = 'who'\ntime_unit = 'h'", "give one of s, ms, us"),
        ("rate_hz = 1.0\nperson = 'who'\nsession = 's'\npath = '(?P<session>x)'", "not both"),
        ("rate_hz = 1.0\nperson = 'who'\nrate = 3", "unknown key 'rate'"),
        ("rate_hz = '1'\nperson = 'who'", "rate_hz = '1' is no float"),
        ("oops", "is no TOML"),
    ],
)
def test_mappings_that_do_not_hold_together(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(TrainError, match=match) as caught:
        open_source(mapping(tmp_path, f"{BASE}{text}\n"))
    assert "\n" not in str(caught.value)


def test_names_and_patterns_of_files(tmp_path: Path) -> None:
    for text, match in (('name = "a/b"', "without a slash"), ('files = "/data/*.csv"', "from the mapping's folder")):
        key = text.split()[0]
        lines = [line for line in BASE.splitlines() if not line.startswith(key)]
        with pytest.raises(TrainError, match=match):
            open_source(mapping(tmp_path, "\n".join([*lines, text, "rate_hz = 1.0", "person = 'who'"])))


@pytest.mark.parametrize(
    ("content", "reason", "match"),
    [
        ("who,ppg\na,1\n", RecordingReason.NO_SIGNAL, "has no column 'ir', only who, ppg"),
        ("who,ir\na,1\na,x\n", RecordingReason.BAD_ARRAY, "row 3 'x' is not all numbers"),
    ],
)
def test_damaged_files(tmp_path: Path, content: str, reason: RecordingReason, match: str) -> None:
    write(tmp_path / "data" / "a.csv", content)
    (one,) = open_source(mapping(tmp_path, f"{BASE}rate_hz = 1.0\nperson = 'who'\n")).records()
    with pytest.raises(RecordingError, match=match) as caught:
        one.read()
    assert caught.value.reason is reason


def test_people_who_cannot_be_told(tmp_path: Path) -> None:
    by_column = mapping(tmp_path, f"{BASE}rate_hz = 1.0\nperson = 'who'\n")
    with pytest.raises(RecordingError, match=r"no data/\*\*/\*\.csv in .*; give files = PATTERN in ring\.toml"):
        open_source(by_column).records()
    write(tmp_path / "data" / "a.csv", "who,ir\na,1\n,2\n")
    with pytest.raises(RecordingError, match="'who' does not tell whose it is"):
        open_source(by_column).records()
    write(tmp_path / "data" / "a.csv", "ir\n1\n")
    with pytest.raises(RecordingError, match="has no column 'who'"):
        open_source(by_column).records()
    write(tmp_path / "data" / "a.csv", "")
    with pytest.raises(RecordingError, match="is empty"):
        open_source(by_column).records()
    (tmp_path / "data" / "a.csv").write_bytes(b"who,ir\n\xff\xfe,1\n")
    with pytest.raises(RecordingError, match=r"cannot read .*a\.csv") as caught:
        open_source(by_column).records()
    assert caught.value.reason is RecordingReason.UNREADABLE
    by_path = mapping(tmp_path, f"{BASE}rate_hz = 1.0\npath = '(?P<person>P[0-9])'\n")
    with pytest.raises(RecordingError, match=r"data/a\.csv does not match path"):
        open_source(by_path).records()


def test_a_rate_below_nothing_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.csv", "who,ir\na,1\n")
    (one,) = open_source(mapping(tmp_path, f"{BASE}rate_hz = -5.0\nperson = 'who'\n")).records()
    with pytest.raises(RecordingError, match="a sampling rate of -5 Hz"):
        one.read()
