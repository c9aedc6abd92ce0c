"""One group of records into one file, written whole: what a worker does."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from uuid import uuid4

from device.frontend import FrontEndSpec
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording
from train.preparing.cutting import content_hash, timed_windows
from train.preparing.plan import Group
from train.preparing.table import ROWS, FileFacts, RecordFacts, WindowsFile, read_facts
from train.sources.base import Source, SourceRecord

PARTS = ".parts"
"""Folder of files that are not whole yet; on the file system of the others, so that a rename is all that is left."""

Opener = Callable[[str], Source]


class UnwritableError(Exception):
    """A file that could not be written; one text, so that it survives the way from a worker."""


@dataclass(frozen=True, slots=True)
class Task:
    """All that a worker needs to know; it opens the source itself, since a source may be large."""

    group: Group
    text: str
    """The source, as ``open_source`` takes it."""
    opener: Opener
    out: Path
    spec: FrontEndSpec
    run: str
    """Of this call: what a worker remembers of a source is not older than it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a group: numbers alone."""

    made: bool
    """Whether it was made now; else it was there."""
    records: int
    windows: int
    good: int
    seconds: float
    size_bytes: int
    refused: Counter[str]
    unreadable: dict[str, str]


def write_group(task: Task) -> Outcome:
    """Make a group's file, unless it is there with all its records.

    Raises:
        UnwritableError: the folder takes no file.
    """
    path = task.group.path(task.out, task.spec.digest())
    there = _there(path)
    if there is not None and not there.unreadable:
        return _outcome(there, path.stat().st_size, made=False)
    try:
        return _make(task, path)
    except OSError as error:
        raise UnwritableError(f"cannot write {path}: {error.strerror or error}") from error


def _there(path: Path) -> FileFacts | None:
    """A file that is damaged counts for none, and is made again."""
    if not path.exists():
        return None
    try:
        return read_facts(path)
    except (OSError, KeyError, ValueError):
        return None


def _make(task: Task, path: Path) -> Outcome:
    part = task.out / PARTS / uuid4().hex
    try:
        facts = _write(task, part)
        if not facts.records:
            return _outcome(facts, 0, made=False)
        size = part.stat().st_size
        path.parent.mkdir(parents=True, exist_ok=True)  # not before: without a file there is no person
        os.replace(part, path)
        return _outcome(facts, size, made=True)
    finally:
        part.unlink(missing_ok=True)


def _write(task: Task, part: Path) -> FileFacts:
    records: list[RecordFacts] = []
    unreadable: dict[str, str] = {}
    with closing(WindowsFile(part, task.spec.window_samples)) as file:
        for name in task.group.records:
            try:
                record, recording = _read(task, name)
            except RecordingError as error:
                unreadable[name] = str(error)
            else:
                records.append(_write_record(file, record, recording, task))
        facts = FileFacts(tuple(records), unreadable)
        file.finish(facts)
    return facts


def _read(task: Task, name: str) -> tuple[SourceRecord, Recording]:
    record = _by_name(task.opener, task.text, task.run).get(name)
    if record is None:
        raise RecordingError(
            RecordingReason.NOT_FOUND, f"{task.text} has no record {name!r} here; give every worker the same files"
        )
    try:
        return record, record.read()
    except OSError as error:
        raise RecordingError(RecordingReason.UNREADABLE, f"{name} cannot be read: {error}") from error


def _write_record(file: WindowsFile, record: SourceRecord, recording: Recording, task: Task) -> RecordFacts:
    facts = RecordFacts(
        person=record.person,
        source=task.group.source,
        record=record.record,
        session=record.session,
        number=record.number,
        site=record.site,
        sex=record.sex,
        age=record.age,
        content_hash=content_hash(recording),
        seconds=recording.ppg.size / recording.rate_hz,
        windows=0,
        good=0,
        refused={},
    )
    count, refused = 0, Counter[str]()
    windows = timed_windows(recording, task.spec)
    while rows := list(islice(windows, ROWS)):
        file.add(rows, facts)
        count += len(rows)
        refused.update(str(one.window.quality.reason) for one in rows if one.window.quality.reason is not None)
    return replace(facts, windows=count, good=count - refused.total(), refused=dict(refused))


@lru_cache(maxsize=4)
def _by_name(opener: Opener, text: str, run: str) -> dict[str, SourceRecord]:
    return {record.record: record for record in opener(text).records()}


def _outcome(facts: FileFacts, size_bytes: int, *, made: bool) -> Outcome:
    refused: Counter[str] = Counter()
    for one in facts.records:
        refused.update(one.refused)
    return Outcome(
        made,
        len(facts.records),
        sum(one.windows for one in facts.records),
        sum(one.good for one in facts.records),
        sum(one.seconds for one in facts.records),
        size_bytes,
        refused,
        dict(facts.unreadable),
    )
