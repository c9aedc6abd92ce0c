"""A journal as a cohort, as CSV and as WFDB: each sample in its place, by plain loops, and read by what reads them."""

import csv
import math
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import CommandError, CommandReason, SignalError, SignalReason
from device.recording.finishing import check_target, finish, journal_of
from device.recording.journal import BLOCK, Batch, Journal, JournalReader, Session
from device.recording.quantising import Quantiser
from device.recording.spans import LONGEST_GAP, read_contents
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import open_recording, read_cohort, read_csv, read_wfdb
from firmware_bridge.recordings.recording import LOST_COUNTS
from firmware_bridge.sources import LOST, RecordingSource

RATE_HZ = 100.0
BLOCK_SAMPLES = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty, unlike the one that holds the tests' home."""
    made = tmp_path / "recordings"
    made.mkdir()
    return made


@dataclass
class Kept:
    """What went into a journal: for each epoch its counts by index."""

    epochs: dict[int, dict[int, tuple[int, int]]]


def counts_of(epoch: int, index: int, red: bool) -> tuple[int, int]:
    pulse = 3000 * math.sin(index / 13 + epoch)
    return 120_000 + round(pulse), (90_000 + round(pulse / 3)) if red else 0


def batches(epochs: list[tuple[int, float, set[int], float]], red: bool, kept: Kept) -> list[Batch]:
    """One for each epoch of (first index, seconds, lost blocks, Unix time of the first block)."""
    made = []
    for epoch, (first, seconds, lost, came_s) in enumerate(epochs):
        rows, pairs = [], []
        for number in range(round(seconds * RATE_HZ / BLOCK_SAMPLES)):
            index = first + BLOCK_SAMPLES * number
            if number in lost:
                continue
            newest = index + BLOCK_SAMPLES - 1
            t_us = round(1e6 * (newest - first) / RATE_HZ) + 123
            rows.append((index, newest, t_us, round(1e6 * came_s) + t_us - 123, epoch, BLOCK_SAMPLES, 0))
            for i in range(index, index + BLOCK_SAMPLES):
                kept.epochs.setdefault(epoch, {})[i] = counts_of(epoch, i, red)
                pairs.append(kept.epochs[epoch][i])
        made.append(Batch(np.array(rows, BLOCK), np.array(pairs, np.int32)))
    return made


TWO_EPOCHS = [(0, 4.0, {7, 8, 20}, 1000.0), (500, 3.0, {3}, 1006.0)]


def journal(
    file: Path, epochs: list[tuple[int, float, set[int], float]] = TWO_EPOCHS, *, red: bool = True
) -> tuple[Path, Kept]:
    kept = Kept({})
    with Journal(journal_of(file), new=True) as written:
        written.begin(Session("Zoë", "day 1"))
        for one in batches(epochs, red, kept):
            written.append(one)
    return file, kept


def test_a_cohort_has_each_epoch_as_a_record(folder: Path) -> None:
    file, kept = journal(folder / "walk.npz")
    contents, damaged = finish(file)
    assert not journal_of(file).exists()
    assert [path.name for path in folder.iterdir()] == ["walk.npz"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    cohort = read_cohort(file)
    assert cohort.rate_hz == pytest.approx(RATE_HZ, rel=1e-9)
    assert [one.record for one in cohort] == ["walk-0", "walk-1"]
    measured = 0
    for one, (epoch, first) in zip(cohort, ((0, 0), (1, 500)), strict=True):
        assert (one.subject, one.session) == ("Zoë", "day 1")
        assert one.counts is not None
        for i in range(len(one.ppg)):
            there = kept.epochs[epoch].get(first + i)
            if there is None:
                assert math.isnan(one.ppg[i])
                assert one.counts[i].tolist() == [LOST_COUNTS] * 2
            else:
                assert (one.ppg[i], *one.counts[i].tolist()) == (-there[0], *there)
                measured += 1
        assert first + len(one.ppg) == max(kept.epochs[epoch]) + 1
    assert (contents.samples, contents.missing, damaged) == (measured, 20, 0)
    assert measured == sum(len(one) for one in kept.epochs.values())


@pytest.mark.parametrize("blocks_a_batch", [1, 7])
def test_a_span_may_come_in_many_pages(folder: Path, monkeypatch: pytest.MonkeyPatch, blocks_a_batch: int) -> None:
    monkeypatch.setattr("device.recording.spans.PAGE_BATCHES", 2)
    file, kept = folder / "walk.npz", Kept({})
    with Journal(journal_of(file), new=True) as written:
        written.begin(Session("a", "b"))
        for one in batches(TWO_EPOCHS, True, kept):
            for at in range(0, len(one.blocks), blocks_a_batch):
                samples = slice(BLOCK_SAMPLES * at, BLOCK_SAMPLES * (at + blocks_a_batch))
                written.append(Batch(one.blocks[at : at + blocks_a_batch], one.counts[samples]))
    finish(file)
    for one, (epoch, first) in zip(read_cohort(file), ((0, 0), (1, 500)), strict=True):
        assert one.counts is not None
        expected = [kept.epochs[epoch].get(first + i, (LOST_COUNTS,) * 2) for i in range(len(one.ppg))]
        assert list(map(tuple, one.counts.tolist())) == expected
        assert len(expected) == max(kept.epochs[epoch]) + 1 - first


def test_a_cohort_keeps_every_block_and_its_times(folder: Path) -> None:
    file, _ = journal(folder / "walk.npz")
    blocks = [(row, i) for i, one in enumerate(batches(TWO_EPOCHS, True, Kept({}))) for row in one.blocks.tolist()]
    finish(file)
    with np.load(file) as arrays:
        start = arrays["block_start"].tolist()
        assert start == [0, sum(i == 0 for _, i in blocks), len(blocks)]
        for key, column in (("index", 0), ("clock_index", 1), ("t_us", 2), ("unix_us", 3), ("flags", 6)):
            assert arrays[f"block_{key}"].tolist() == [row[column] for row, _ in blocks]
        assert (arrays["epoch"].tolist(), arrays["first_index"].tolist()) == ([0, 1], [0, 500])


def test_a_replay_measures_the_same_counts_and_loses_the_same(folder: Path) -> None:
    file, kept = journal(folder / "walk.npz")
    finish(file)
    source = RecordingSource(open_recording(file, record="walk-1").cut(0.1))
    last = max(kept.epochs[1])
    expected = [list(kept.epochs[1].get(i, (LOST, LOST))) for i in range(510, last + 1)]
    assert source.read(10_000).tolist() == expected


def test_csv_has_a_row_for_each_sample(folder: Path) -> None:
    file, kept = journal(folder / "walk.csv")
    finish(file)
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [(int(row["epoch"]), int(row["index"])) for row in rows] == [
        (epoch, index) for epoch, one in kept.epochs.items() for index in one
    ]
    for row in rows:
        epoch, index = int(row["epoch"]), int(row["index"])
        assert (int(row["ir"]), int(row["red"])) == kept.epochs[epoch][index]
        expected_s = index / RATE_HZ if epoch == 0 else 6.0 + (index - 500) / RATE_HZ
        assert float(row["time_s"]) == pytest.approx(expected_s, abs=1e-6)
    recording = read_csv(file)
    assert recording.rate_hz == pytest.approx(RATE_HZ, rel=1e-6)
    assert_on_axis(recording.ppg, kept)


def assert_on_axis(ppg: object, kept: Kept) -> None:
    """Epoch 0 from sample 0 on, epoch 1 six seconds later, nothing else."""
    values = np.asarray(ppg)
    expected = np.full(600 + max(kept.epochs[1]) - 500 + 1, np.nan)
    for epoch, shift in ((0, 0), (1, 100)):
        for index, (ir, _) in kept.epochs[epoch].items():
            expected[index + shift] = -ir
    np.testing.assert_array_equal(values, expected)


def test_wfdb_by_our_reader_and_the_published_one(folder: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    file, kept = journal(folder / "walk.hea")
    finish(file)
    assert sorted(path.name for path in folder.iterdir()) == ["walk.dat", "walk.hea", "walk_counts.dat"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    ours, theirs = read_wfdb(file), wfdb.rdrecord(str(file.with_suffix("")))
    assert ours.rate_hz == theirs.fs == pytest.approx(RATE_HZ, rel=1e-8)
    assert_on_axis(ours.ppg, kept)
    assert theirs.sig_name == ["PLETH", "IR", "RED"]
    assert_on_axis(theirs.p_signal[:, 0], kept)
    assert_on_axis(-theirs.p_signal[:, 1], kept)
    for index, (_, red) in kept.epochs[1].items():
        assert theirs.p_signal[index + 100, 2] == red
    assert "subject Zoë, session day 1" in file.read_text("utf-8")
    raw = wfdb.rdrecord(str(file.with_suffix("")), physical=False, return_res=64)
    assert raw.checksum == [(int(column.sum()) + 2**15) % 2**16 - 2**15 for column in digital(file).T]
    assert raw.init_value == digital(file)[0].tolist()


def digital(file: Path) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    pulse = np.fromfile(file.with_suffix(".dat"), "<i2").astype(np.int64)
    counts = np.fromfile(file.with_name(f"{file.stem}_counts.dat"), "<i4").reshape(len(pulse), 2)
    return np.column_stack([pulse, counts.astype(np.int64)])


@pytest.mark.parametrize("suffix", ["csv", "hea"])
def test_a_sketch_without_red(folder: Path, suffix: str) -> None:
    file, kept = journal(folder / f"walk.{suffix}", red=False)
    finish(file)
    assert_on_axis(open_recording(file).ppg, kept)
    text = file.read_text("utf-8")
    assert "RED" not in text
    assert suffix == "hea" or text.splitlines()[1].split(",")[2] == ""


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(0, 2**32), st.lists(st.floats(0, 1), max_size=9))
def test_16_bits_are_as_near_as_their_step(low: int, width: int, places: list[float]) -> None:
    high = min(low + width, 2**31 - 1)
    quantiser = Quantiser.of((low, high))
    counts = np.array([low, high, *(low + round(p * (high - low)) for p in places)], np.int64).astype(np.int32)
    for ir, value in zip(counts.tolist(), quantiser.values(counts).tolist(), strict=True):
        assert value > -32768
        assert abs(quantiser.step * (value - quantiser.zero) + ir) <= quantiser.step / 2
    assert quantiser.step == 1 or (high - low) / quantiser.step > 32_000
    assert quantiser.values(np.array([LOST_COUNTS], np.int32)).tolist() == [-32768]


def test_the_rate_is_the_regression_over_all_epochs(folder: Path) -> None:
    rng = np.random.default_rng(5)
    file = folder / "a.npz"
    points: list[list[tuple[int, int]]] = []
    with Journal(journal_of(file), new=True) as written:
        written.begin(Session("a", "b"))
        for epoch, seconds in enumerate((3, 9, 1)):
            index = 5 * np.arange(seconds * 20)
            t_us = (index * 10_000 + rng.integers(0, 20_000, len(index))).tolist()
            points.append([(int(i) + 4, t) for i, t in zip(index, t_us, strict=True)])
            rows = [(i, i + 4, t, 0, epoch, 5, 0) for i, t in zip(index.tolist(), t_us, strict=True)]
            written.append(Batch(np.array(rows, BLOCK), np.full((5 * len(rows), 2), 9, np.int32)))
    contents = read_contents(JournalReader(journal_of(file)))
    sxy = sxx = 0.0
    for one, rate_hz in zip(points[:2], contents.rates_hz, strict=False):
        middle = [sum(column) / len(one) for column in zip(*one, strict=True)]
        xy = sum((i - middle[0]) * (t - middle[1]) for i, t in one)
        xx = sum((t - middle[1]) ** 2 for _, t in one)
        assert rate_hz == pytest.approx(1e6 * xy / xx, rel=1e-9)
        sxy, sxx = sxy + xy, sxx + xx
    assert contents.rate_hz == pytest.approx(1e6 * sxy / sxx, rel=1e-9)
    assert contents.rates_hz[2] == contents.rate_hz  # one second tells no rate


def refused(file: Path, match: str) -> object:
    with pytest.raises((CommandError, RecordingError, SignalError), match=match) as caught:
        finish(file)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in file.parent.iterdir()) == [journal_of(file).name]
    return caught.value.reason


def test_less_than_two_seconds_have_no_rate(folder: Path) -> None:
    file, _ = journal(folder / "a.npz", [(0, 1.5, set(), 0.0)])
    assert refused(file, "less than 2 s: continue .* with --resume") is SignalReason.RATE


def test_a_journal_without_samples(folder: Path) -> None:
    file, _ = journal(folder / "a.npz", [])
    assert refused(file, "holds no sample") is RecordingReason.NO_SIGNAL


@pytest.mark.parametrize("suffix", ["csv", "hea"])
def test_a_night_between_fits_no_single_axis(folder: Path, suffix: str) -> None:
    epochs = [(0, 4.0, set[int](), 0.0), (0, 4.0, set[int](), 30_000.0)]
    file, _ = journal(folder / f"a.{suffix}", epochs)
    assert refused(file, r"only \.npz holds that") is RecordingReason.BAD_ARRAY
    npz = folder / "a.npz"
    journal_of(file).rename(journal_of(npz))
    finish(npz)
    assert len(read_cohort(npz)) == 2


def test_a_gap_beyond_all_measure_begins_another_record(folder: Path) -> None:
    file = folder / "a.npz"
    far = 300 + LONGEST_GAP + 1
    with Journal(journal_of(file), new=True) as written:
        for first in (0, far):
            rows = [(i, i + 4, 10_000 * i, 0, 0, 5, 0) for i in range(first, first + 300, 5)]
            written.append(Batch(np.array(rows, BLOCK), np.full((300, 2), 9, np.int32)))
    contents, _ = finish(file)
    assert ([len(one.ppg) for one in read_cohort(file)], contents.missing) == ([300, 300], 0)


def test_an_index_that_goes_back_is_no_journal_of_ours(folder: Path) -> None:
    file = folder / "a.npz"
    with Journal(journal_of(file), new=True) as written:
        rows = [(10, 14, 0, 0, 0, 5, 0), (12, 16, 0, 0, 0, 5, 0)]
        written.append(Batch(np.array(rows, BLOCK), np.zeros((10, 2), np.int32)))
    assert refused(file, "index 12 goes back") is RecordingReason.BAD_ARRAY


@pytest.mark.parametrize(
    ("name", "reason", "match"),
    [
        ("a.txt", CommandReason.BAD_ARGUMENT, r"should end in \.npz \(cohort\), \.csv or \.hea"),
        ("a", CommandReason.BAD_ARGUMENT, "should end in"),
        ("a b.hea", CommandReason.BAD_ARGUMENT, "no name of a WFDB record"),
        ("none/a.npz", CommandReason.UNWRITABLE, "no such folder"),
        ("there.npz", CommandReason.UNWRITABLE, "never overwritten"),
        ("other.hea", CommandReason.UNWRITABLE, r"other\.dat: it is there already"),
    ],
)
def test_targets_that_are_refused(folder: Path, name: str, reason: CommandReason, match: str) -> None:
    (folder / "there.npz").touch()
    (folder / "other.dat").touch()
    with pytest.raises(CommandError, match=match) as caught:
        check_target(folder / name)
    assert caught.value.reason is reason
