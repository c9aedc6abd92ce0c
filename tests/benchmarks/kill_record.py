"""SIGKILL at random moments of recording and of finishing: is every sample that was synced there, and nothing else?

python tests/benchmarks/kill_record.py [--kills N] [--seed N]

A child process records samples of which each is known, with gaps and new epochs, as fast as the disk syncs. It goes on
with what an earlier child left, and now and then makes the file of it. It tells each sync and each finish, and is
killed at a random moment. The journal or the file that is left must hold what was told, the same samples in the same
order, and the file must be whole wherever there is one. A kill shows what a crash of the program costs; a power cut
depends on the disk too.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.recording.finishing import finish, journal_of
from device.recording.journal import Journal, JournalReader, Session
from device.recording.recorder import Recorder
from device.recording.spans import read_spans, runs
from firmware_bridge import Message, SampleBlock
from firmware_bridge.protocol import DataFlags
from firmware_bridge.recordings import read_cohort

LONGEST_S = 0.8
BLOCKS_A_SYNC = 5
FINISH_AFTER = (500, 4_000)
"""Samples that a child adds before it makes the file, some seconds at least: without two there is no rate."""


def counts_of(epoch: int, index: int) -> tuple[int, int]:
    """The IR and RED that belong there and nowhere near."""
    return (epoch * 7919 + index) % 250_000, (epoch * 104_729 + 3 * index) % 250_000


def blocks() -> Iterator[SampleBlock]:
    """Five samples each from index 0 of epoch 0 on, every eleventh block lost, an epoch of 200 blocks."""
    for number in range(1_000_000):
        epoch, block = divmod(number, 200)
        if number % 11 == 10:
            continue
        index = 5 * block
        zeros = np.zeros(5, np.int32)
        yield SampleBlock(index, epoch, index + 4, 8000 * (index + 4), zeros, zeros, DataFlags(0))


def filled(block: SampleBlock, first_epoch: int) -> SampleBlock:
    """With the counts that the epoch in the journal gives it."""
    pairs = np.array([counts_of(block.epoch + first_epoch, block.index + i) for i in range(5)], np.int32)
    return SampleBlock(
        block.index, block.epoch, block.clock_index, block.t_us, pairs[:, 0].copy(), pairs[:, 1].copy(), block.flags
    )


def record_for_ever(folder: Path, pipe: int, rng: random.Random) -> None:
    """The child: goes on with the newest recording, finishes it when it is long enough, begins the next."""
    number = newest(folder)
    while True:
        file = folder / f"{number}.npz"
        if not file.exists():
            record_one(file, pipe, rng.randint(*FINISH_AFTER))
            finish(file)
            os.write(pipe, f"finished {number}\n".encode())
        number += 1


def newest(folder: Path) -> int:
    return max((int(path.name.split(".")[0]) for path in folder.glob("[0-9]*")), default=0)


def record_one(file: Path, pipe: int, wanted: int) -> None:
    partial = journal_of(file)
    begun = partial.exists()
    with Journal(partial, new=not begun) as journal:
        first_epoch, samples = 0, 0
        if begun and partial.stat().st_size:
            reader = JournalReader(partial)
            spans = read_spans(reader)
            journal.cut_to(reader.good_bytes)
            first_epoch = spans[-1].epoch + 1 if spans else 0
            samples = sum(span.samples for span in spans)
        journal.begin(Session("somebody", "1"))
        ticks = iter(range(10**9))
        recorder = Recorder(journal, first_epoch, clock=lambda: next(ticks) / BLOCKS_A_SYNC, unix_us=lambda: 0)
        messages: Iterator[Message] = (filled(block, first_epoch) for block in blocks())
        told = 0
        for _ in recorder.taking(messages):
            if recorder.samples != told:
                told = recorder.samples
                os.write(pipe, f"synced {file.stem} {samples + told}\n".encode())
            if told >= wanted:
                return


def killed_child(folder: Path, rng: random.Random) -> list[str]:
    """The lines that a child told before it was killed."""
    reading, writing = os.pipe()
    seed = rng.random()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            record_for_ever(folder, writing, random.Random(seed))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(rng.uniform(0.0, LONGEST_S))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself: see its traceback above"
    with os.fdopen(reading, encoding="ascii") as file:
        return file.read().splitlines()


def samples_in_file(file: Path) -> int:
    """How many there are, each checked."""
    with np.load(file, allow_pickle=False) as arrays:
        epochs, firsts = arrays["epoch"].tolist(), arrays["first_index"].tolist()
    total = 0
    for record, epoch, first in zip(read_cohort(file), epochs, firsts, strict=True):
        assert record.counts is not None
        for i in np.flatnonzero(~np.isnan(record.ppg)).tolist():
            assert tuple(record.counts[i].tolist()) == counts_of(epoch, first + i)
            total += 1
    return total


def samples_in_journal(partial: Path) -> int:
    """How many there are, each checked; 0 of one whose first record was not yet whole."""
    journal = JournalReader(partial)
    if b"subject" not in partial.read_bytes():
        return 0
    total = 0
    for run in runs(journal):
        epoch = int(run.blocks["epoch"][0])
        expected = [counts_of(epoch, index) for index in run.index.tolist()]
        assert list(map(tuple, run.counts.tolist())) == expected
        total += len(expected)
    assert journal.damaged_bytes == 0
    return total


def run(kills: int, folder: Path, rng: random.Random) -> Counter[str]:
    """Kill and check; how often it hit what, and under "samples" how many were synced and found."""
    tally: Counter[str] = Counter()
    for kill in range(kills):
        last = {int(words[1]): int(words[2]) for words in map(str.split, killed_child(folder, rng)) if len(words) == 3}
        for number, synced in last.items():
            file = folder / f"{number}.npz"
            partial = journal_of(file)
            assert file.exists() or partial.exists(), f"kill {kill}: {file} and its journal are gone"
            if file.exists():
                assert samples_in_file(file) >= synced, f"kill {kill}: {file} lacks samples"
            if partial.exists():
                assert samples_in_journal(partial) >= synced, f"kill {kill}: {partial} lacks samples"
            tally["samples synced"] += synced
        current = folder / f"{newest(folder)}.npz"
        left = [current.exists(), journal_of(current).exists(), current.with_name(f".{current.name}.part").exists()]
        names = {
            (False, True, False): "recording",
            (False, True, True): "writing the file",
            (True, True, False): "removing the journal",
            (True, False, False): "between two",
            (False, False, False): "starting",
        }
        tally[f"killed in {names[tuple(left)]}"] += 1  # type: ignore[index]
        if left[:2] == [True, True]:
            journal_of(current).unlink()  # what the command tells its user to do
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(args.kills, Path(folder), random.Random(args.seed))
    for about, times in sorted(tally.items()):
        print(f"{times:8d}  {about}")
    print(f"{args.kills} kills: every synced sample was found, in its place, and every file was whole")
    return 0


if __name__ == "__main__":
    sys.exit(main())
