import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from device.frontend import FrontEndSpec, windows_of
from tests.train.preparing.fakes import RATE_HZ, lay, opened, pulse, read_log
from train.preparing.plan import groups
from train.preparing.table import STEPS, decode, read_facts
from train.preparing.writing import PARTS, Outcome, Task, UnwritableError, write_group


def tasks(text: str, out: Path, spec: FrontEndSpec) -> list[Task]:
    (out / PARTS).mkdir(parents=True, exist_ok=True)
    source = opened(text)
    return [Task(group, text, opened, out, spec, "run") for group in groups(source.name, source.records())]


def write(text: str, out: Path, spec: FrontEndSpec) -> list[Outcome]:
    return [write_group(task) for task in tasks(text, out, spec)]


def test_every_window_has_its_row_and_a_bad_one_no_pulse(
    folder: Path, out: Path, spec: FrontEndSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = pulse(0, 60.0)
    signal[3000:4000] += np.linspace(0, 40, 1000) * np.sin(np.arange(1000) / 9)
    signal[5000:5100] = np.nan
    monkeypatch.setattr("tests.train.preparing.fakes.pulse", lambda number, seconds: signal)
    monkeypatch.setattr("train.preparing.writing.ROWS", 7)
    monkeypatch.setattr("train.preparing.table.ROWS", 20)
    text = lay(folder, "p 1 a good")
    (task,) = tasks(text, out, spec)
    outcome = write_group(task)
    windows = windows_of(signal, RATE_HZ, spec)
    table = pq.read_table(task.group.path(out, spec.digest()), partitioning=None)
    good = [window for window in windows if window.quality.good]
    assert 0 < len(good) < len(windows) == table.num_rows == outcome.windows
    assert outcome.good == len(good)
    assert table["good"].to_pylist() == [window.quality.good for window in windows]
    assert table["reason"].to_pylist() == [window.quality.reason for window in windows]
    assert table["sqi"].to_numpy() == pytest.approx([window.quality.sqi for window in windows])
    assert table["epoch"].to_pylist() == [window.epoch for window in windows]
    assert table["pulse"].is_null().to_pylist() == [not window.quality.good for window in windows]
    pulses = decode(table.filter(table["good"])["pulse"], spec.window_samples)
    assert np.abs(pulses - np.stack([window.pulse for window in good])).max() <= 0.5 / STEPS + 1e-6
    for name, value in {
        "source": "made",
        "record": "a",
        "session": "1",
        "number": 0,
        "site": "finger",
        "sex": "F",
        "age": 40,
    }.items():
        assert set(table[name].to_pylist()) == {value}
    assert dict(outcome.refused) == read_facts(task.group.path(out, spec.digest())).records[0].refused
    assert sum(outcome.refused.values()) == len(windows) - len(good)


def test_what_is_done_is_not_read_again_and_a_damaged_file_is(folder: Path, out: Path, spec: FrontEndSpec) -> None:
    text = lay(folder, "p 1 a good", "p 1 b good", "q 1 c good")
    first = write(text, out, spec)
    assert read_log(folder) == ["a", "b", "c"]
    again = write(text, out, spec)
    assert read_log(folder) == ["a", "b", "c"]
    assert [one.made for one in first] == [True, True]
    assert [one.made for one in again] == [False, False]
    assert [(one.records, one.windows, one.good, one.size_bytes) for one in first] == [
        (one.records, one.windows, one.good, one.size_bytes) for one in again
    ]
    whole = tasks(text, out, spec)[1].group.path(out, spec.digest())
    before = whole.read_bytes()
    whole.write_bytes(before[:-100])
    assert [one.made for one in write(text, out, spec)] == [False, True]
    assert read_log(folder) == ["a", "b", "c", "c"]
    assert whole.read_bytes() == before


def test_a_record_that_cannot_be_read_leaves_the_others_and_is_tried_again(
    folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    text = lay(folder, "p 1 a good", "p 1 b unreadable", "p 2 c gone", "q 1 d short")
    p1, p2, q1 = write(text, out, spec)
    assert (p1.records, p1.unreadable) == (1, {"b": "b is damaged"})
    assert p2.records == 0
    assert "No such file" in p2.unreadable["c"]
    assert (q1.records, q1.windows, q1.unreadable) == (1, 0, {})
    assert not tasks(text, out, spec)[1].group.path(out, spec.digest()).exists()
    assert read_log(folder) == ["a", "d"]
    (folder / "mended").touch()
    p1, p2, q1 = write(text, out, spec)
    assert (p1.records, p1.unreadable, p1.made) == (2, {}, True)
    assert (p2.records, q1.made) == (0, False)
    assert read_log(folder) == ["a", "d", "a", "b"]


def test_a_record_that_a_worker_does_not_see_is_told(folder: Path, out: Path, spec: FrontEndSpec) -> None:
    planned = tasks(lay(folder, "p 1 a good"), out, spec)
    lay(folder, "p 1 another good")
    assert "has no record 'a' here" in write_group(planned[0]).unreadable["a"]


def test_a_folder_that_takes_no_file_is_told_and_nothing_half_written_stays(
    folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    (task,) = tasks(lay(folder, "p 1 a good"), out, spec)
    path = task.group.path(out, spec.digest())
    path.mkdir(parents=True)  # a rename onto a folder fails, whoever we are
    with pytest.raises(UnwritableError, match=f"cannot write {path}: Is a directory"):
        write_group(task)
    assert list((out / PARTS).iterdir()) == []
    shutil.rmtree(out)
    with pytest.raises(UnwritableError, match="No such file"):
        write_group(task)
