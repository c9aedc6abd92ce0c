"""Empatica E4 recordings: folders with a ``BVP.csv``, as the Stress-Predict Dataset has one for each person.

The file's first line is when it began, in Unix time, its second the rate, its others one sample each, pulse upwards.
The person is the folder's name.
"""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from firmware_bridge.recordings import Recording
from firmware_bridge.recordings.recording import checked_rate
from train.sources.base import SourceRecord
from train.sources.failing import malformed, no_signal, nothing_of, unreadable

FILE = "BVP.csv"
SITE = "wrist"


class E4Source:
    """Every ``BVP.csv`` at or below one folder."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; the first line of each file is read."""
        files = sorted(self.path.rglob(FILE))
        if not files:
            raise nothing_of(self.path, FILE, "a folder with a folder for each person")
        return [self._record(path) for path in files]

    def _record(self, path: Path) -> SourceRecord:
        folder = path.absolute().parent
        record = path.parent.relative_to(self.path).as_posix() if path.parent != self.path else folder.name
        try:
            with path.open("rb") as lines:
                session = session_of(path, lines.readline())
        except OSError as error:
            raise unreadable(path, error) from error
        read = partial(_read, path, folder.name, session, record)
        return SourceRecord(f"{self.name}/{folder.name}", record, read, session, site=SITE)


def session_of(path: Path, line: bytes) -> str:
    """The day and the time of a file's first line, UTC.

    Raises:
        RecordingError: it is no Unix time.
    """
    try:
        return f"{datetime.fromtimestamp(float(line.split(b',')[0]), UTC):%Y-%m-%dT%H:%M:%S}"
    except (ValueError, OverflowError, OSError) as error:
        raise malformed(path, f"its first line {line[:20]!r} is no Unix time") from error


def parse(path: Path, content: bytes, subject: str, session: str, record: str) -> Recording:
    """The recording in the bytes of a ``BVP.csv``.

    Raises:
        RecordingError: a line is no number, or there are no samples.
    """
    lines = content.split()
    try:
        values = np.array(lines, dtype=np.float64)
    except ValueError as error:
        raise malformed(path, f"a line is no number ({error})") from error
    if values.size < 3:
        raise no_signal(path, "has no samples")
    ppg = np.where(np.isfinite(values[2:]), values[2:], np.nan)
    return Recording(ppg, checked_rate(float(values[1]), str(path)), subject, session, record)


def _read(path: Path, subject: str, session: str, record: str) -> Recording:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    return parse(path, content, subject, session, record)
