"""The journal: read back as written, cut anywhere, damaged anywhere; and the recorder that fills it."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import CommandError, CommandReason
from device.recording.journal import BLOCK, Batch, Journal, JournalReader, Session
from device.recording.recorder import MAX_BATCH_SAMPLES, Recorder
from firmware_bridge import LinkLost, Message, SampleBlock
from firmware_bridge.errors import PortReason, RecordingError, RecordingReason
from firmware_bridge.protocol import DataFlags

WHOSE = Session("Zoë\n", "day 1")


def batch(first: int, sizes: Iterable[int] = (5, 3)) -> Batch:
    rows, index = [], first
    for size in sizes:
        rows.append((index, index + size - 1, 8000 * index, 10**15 + index, 4, size, 1))
        index += size + 2
    n = sum(sizes)
    pairs = np.stack([np.arange(n) + first, np.arange(n) - first], axis=1).astype(np.int32)
    return Batch(np.array(rows, BLOCK), pairs)


def written(path: Path, batches: Iterable[Batch]) -> list[int]:
    """The journal's size after its session and after each batch."""
    with Journal(path, new=True) as journal:
        journal.begin(WHOSE)
        sizes = [path.stat().st_size]
        for one in batches:
            journal.append(one)
            sizes.append(path.stat().st_size)
    return sizes


def told(records: Iterable[Session | Batch]) -> list[Any]:
    return [one if isinstance(one, Session) else (one.blocks.tolist(), one.counts.tolist()) for one in records]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=6), max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, sizes: list[list[int]]) -> None:
    path = tmp_path_factory.mktemp("j") / "a.partial"
    batches = [batch(1000 * i, one) for i, one in enumerate(sizes)]
    ends = written(path, batches)
    reader = JournalReader(path)
    assert told(reader) == told([WHOSE, *batches])
    assert (reader.damaged_bytes, reader.good_bytes) == (0, ends[-1])


def test_cut_anywhere_it_keeps_every_whole_record(tmp_path: Path) -> None:
    batches = [batch(0), batch(100), batch(200)]
    path = tmp_path / "a.partial"
    ends = written(path, batches)
    content = path.read_bytes()
    for length in range(ends[0], len(content) + 1):
        path.write_bytes(content[:length])
        whole = sum(end <= length for end in ends[1:])
        reader = JournalReader(path)
        assert told(reader) == told([WHOSE, *batches[:whole]])
        assert (reader.damaged_bytes, reader.good_bytes) == (0, ends[whole])


def test_damage_costs_only_the_record_it_hit(tmp_path: Path) -> None:
    batches = [batch(0), batch(100), batch(200)]
    path = tmp_path / "a.partial"
    ends = written(path, batches)
    content = path.read_bytes()
    for at in range(ends[1], ends[2]):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x40]) + content[at + 1 :])
        reader = JournalReader(path)
        assert told(reader) == told([WHOSE, batches[0], batches[2]])
        assert reader.damaged_bytes == ends[2] - ends[1]


@pytest.mark.parametrize("content", [b"", b"PKJ1", b"text\n" * 99, b"PKJ1\1\xff\xff\xff\xff0000"])
def test_another_file_is_no_journal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.partial"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        list(JournalReader(path))
    assert caught.value.reason is RecordingReason.UNREADABLE


def test_it_is_private_and_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.partial"
    with Journal(path, new=True) as journal:
        journal.begin(WHOSE)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(CommandError, match="another recorder writes it") as caught:
            Journal(path, new=False)
        with pytest.raises(CommandError, match="exists"):
            Journal(path, new=True)
    assert caught.value.reason is CommandReason.UNWRITABLE
    Journal(path, new=False).close()


def test_each_record_is_synced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, synced = tmp_path / "a.partial", []
    sync = os.fsync

    def watched_sync(handle: int) -> None:
        sync(handle)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            synced.append(os.fstat(handle).st_size)

    monkeypatch.setattr("device.recording.journal.os.fsync", watched_sync)
    assert written(path, [batch(0), batch(100)]) == synced


def test_going_on_after_a_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "a.partial"
    ends = written(path, [batch(0), batch(100)])
    path.write_bytes(path.read_bytes()[:-1])
    with Journal(path, new=False) as journal:
        journal.cut_to(ends[1])
        journal.append(batch(300))
    reader = JournalReader(path)
    assert told(reader) == told([WHOSE, batch(0), batch(300)])
    assert reader.damaged_bytes == 0


def blocks(number: int, size: int = 5) -> Iterator[SampleBlock]:
    for i in range(number):
        pulse = np.arange(i * size, (i + 1) * size, dtype=np.int32)
        yield SampleBlock(i * size, 0, i * size, 8000 * i, pulse, pulse + 7, DataFlags.RESTARTED)


class Watched:
    """A recorder whose clock is turned by hand, and what its journal holds."""

    def __init__(self, path: Path) -> None:
        self.path, self.now_s = path, 0.0
        self.journal = Journal(path, new=True)
        self.recorder = Recorder(self.journal, 9, clock=lambda: self.now_s, unix_us=lambda: 77)

    def synced(self) -> list[int]:
        records = JournalReader(self.path) if self.path.stat().st_size else []
        return [n for one in records if isinstance(one, Batch) for n in one.counts[:, 0].tolist()]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "a.partial")
    yield made
    made.journal.close()


def test_it_is_written_once_a_second(watched: Watched) -> None:
    for i, _ in enumerate(watched.recorder.taking(blocks(10))):
        # The block that came with the second is in it, those after it wait.
        assert watched.synced() == list(range(25 if i >= 4 else 0))
        watched.now_s = 1.0 if i == 3 else watched.now_s + 0.01
    assert watched.synced() == list(range(50))
    (_, second) = list(JournalReader(watched.path))
    assert isinstance(second, Batch)
    assert second.blocks.tolist()[0] == (25, 25, 40_000, 77, 9, 5, int(DataFlags.RESTARTED))
    assert second.counts.tolist()[0] == [25, 32]


def test_a_lost_board_and_the_end_write_at_once(watched: Watched) -> None:
    def messages() -> Iterator[Message]:
        yield from blocks(1)
        yield LinkLost(PortReason.UNPLUGGED, "gone")
        assert watched.synced() == list(range(5))
        yield from blocks(1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        list(watched.recorder.taking(messages()))
    assert watched.synced() == [*range(5), *range(5)]
    assert watched.recorder.samples == 10


def test_what_waits_is_bounded(watched: Watched) -> None:
    most = 0
    for i, _ in enumerate(watched.recorder.taking(blocks(30, size=1000))):
        most = max(most, (i + 1) * 1000 - watched.recorder.samples)
    assert most < MAX_BATCH_SAMPLES


def test_a_disk_that_is_slower_than_its_turn_keeps_up(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    append, syncs = watched.journal.append, 0

    def slow(batch: Batch) -> None:
        nonlocal syncs
        append(batch)
        watched.now_s += 1.5
        syncs += 1

    def coming() -> Iterator[Message]:
        for i, block in enumerate(blocks(1500)):
            watched.now_s = max(watched.now_s, 0.04 * i)  # as it comes, or later where it had to wait
            yield block

    monkeypatch.setattr(watched.journal, "append", slow)
    for i, _ in enumerate(watched.recorder.taking(coming())):
        assert watched.now_s - 0.04 * i <= 1.5 + 1e-9, "what waits is what came during one sync"
    assert syncs <= 60.0 / (1.0 + 1.5) + 2
