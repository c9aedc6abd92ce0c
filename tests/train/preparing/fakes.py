"""Sources for the tests and the benchmark of ``pulsekey data prepare``; workers import them by name."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording
from train.sources.base import SourceRecord
from train.sources.opening import open_source

RATE_HZ = 125.0


def pulse(number: int, seconds: float) -> np.ndarray:
    """(n,) a clean pulse at 125 Hz, another for each number."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * (1.0 + 0.05 * number) * t
    return np.cos(phase) + 0.3 * np.cos(2 * phase + number)


@dataclass(frozen=True)
class Made:
    """A source of made records; ``text`` is a folder, in which each reading of a record leaves a line."""

    name: str
    path: Path
    found: tuple[SourceRecord, ...]

    def records(self) -> tuple[SourceRecord, ...]:
        return self.found


def opened(text: str) -> Made:
    """``NAME=FOLDER``: the records that the folder's ``people.txt`` lists: person, session, record, what it does."""
    name, _, folder = text.partition("=")
    lines = (Path(folder) / "people.txt").read_text().splitlines()
    found = []
    for number, line in enumerate(lines):
        person, session, record, what = line.split()
        read = partial(READERS[what], Path(folder), record, number)
        found.append(SourceRecord(f"{name}/{person}", record, read, session, number, "finger", "F", 40 + number))
    return Made(name, Path(folder), tuple(found))


def lay(folder: Path, *lines: str, name: str = "made") -> str:
    """Write such a folder, each line as ``opened`` reads it; the text that names the source."""
    folder.mkdir(exist_ok=True)
    (folder / "people.txt").write_text("".join(f"{line}\n" for line in lines))
    return f"{name}={folder}"


def read_log(folder: Path) -> list[str]:
    """The records that were read, in order."""
    log = folder / "read.txt"
    return log.read_text().split() if log.exists() else []


def _good(folder: Path, record: str, number: int, seconds: float = 12.0) -> Recording:
    with (folder / "read.txt").open("a") as log:
        log.write(f"{record}\n")
    return Recording(pulse(number, seconds), RATE_HZ, "somebody", "1", record)


def _unreadable(folder: Path, record: str, number: int) -> Recording:
    if (folder / "mended").exists():
        return _good(folder, record, number)
    raise RecordingError(RecordingReason.UNREADABLE, f"{record} is damaged")


def _gone(folder: Path, record: str, number: int) -> Recording:
    raise FileNotFoundError(2, "No such file", record)


def _short(folder: Path, record: str, number: int) -> Recording:
    return _good(folder, record, number, seconds=2.0)


def _waits(folder: Path, record: str, number: int) -> Recording:
    """The first who reads it says who it is, and never ends."""
    try:
        told = (folder / "reader.pid.part").open("x")
    except FileExistsError:
        return _good(folder, record, number)
    with told:
        told.write(str(os.getpid()))
    os.link(folder / "reader.pid.part", folder / "reader.pid")
    while True:
        time.sleep(1.0)


def _kills(folder: Path, record: str, number: int) -> Recording:
    os.kill(os.getpid(), signal.SIGKILL)
    return _good(folder, record, number)


READERS: dict[str, Callable[[Path, str, int], Recording]] = {
    "good": _good,
    "unreadable": _unreadable,
    "gone": _gone,
    "short": _short,
    "waits": _waits,
    "kills": _kills,
}


@dataclass(frozen=True)
class Replicated:
    """Opens a source, of which a few records stand for many people."""

    records: int
    times: int
    seconds: float

    def __call__(self, text: str) -> Made:
        source = open_source(text)
        few = source.records()[: self.records]
        found = tuple(self._copy(one, k) for k in range(self.times) for one in few)
        return Made(source.name, source.path, found)

    def _copy(self, one: SourceRecord, k: int) -> SourceRecord:
        read = partial(_cut, one, self.seconds)
        return replace(one, person=f"{one.person}-{k}", record=f"{one.record}-{k}", read=read)


def _cut(one: SourceRecord, seconds: float) -> Recording:
    return one.read().cut(0.0, seconds)
