"""Every record of every source into one folder: begun, gone on with, and finished."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from uuid import uuid4

from dask.distributed import Client, KilledWorker
from tqdm import tqdm

from device.errors import CommandError, CommandReason
from device.frontend import FrontEndSpec
from firmware_bridge.errors import RecordingError, RecordingReason
from train.data.locking import locked
from train.data.partial import writing
from train.preparing.cluster import results
from train.preparing.manifest import Manifest, SourceCounts, begun, write_manifest
from train.preparing.plan import Group, groups, person_folder
from train.preparing.writing import PARTS, Opener, Outcome, Task, UnwritableError, write_group
from train.sources.opening import open_source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a call came to."""

    made: int
    """Files."""
    there: int
    """Files that an earlier call had made."""
    counts: Mapping[str, SourceCounts]
    """Of the sources that were given, by label (``mimic3:p00``: a source's name and its folder's or file's)."""


@dataclass(frozen=True, slots=True)
class _Planned:
    text: str
    label: str
    people: frozenset[str]
    groups: list[Group]


def prepare_sources(
    workers: AbstractContextManager[Client],
    texts: Sequence[str],
    out: Path,
    spec: FrontEndSpec,
    opener: Opener = open_source,
) -> Prepared:
    """Prepare what is not prepared yet; what an earlier call made is not read again.

    A record that cannot be read does not stop the others: it is in the counts. A source may come in parts, one call
    after another, as long as all of a person comes at once.

    Args:
        workers: entered once all that can be refused has been; they see the sources and ``out`` under the same paths
            as this process.
        texts: the sources, as ``opener`` takes them.
        out: the folder; made if missing.
        spec: the front end, with the windows' length and hop.
        opener: called in this process and in every worker.

    Raises:
        RecordingError: a source cannot be opened.
        CommandError: the folder is of another front end, holds other files of a person than these sources would make,
            or takes no file.
        DataError: BUSY: another call prepares it.
    """
    planned = [_plan(text, opener) for text in texts]
    _refuse_twice(planned)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    with locked(out, "prepares"):
        manifest = begun(out, spec, [one.label for one in planned])
        _refuse_others(planned, out, spec.digest())
        write_manifest(out, manifest)
        _clear(out / PARTS)
        with workers as client:
            return _run(client, planned, out, manifest, opener)


def _plan(text: str, opener: Opener) -> _Planned:
    source = opener(text)
    found = list(groups(source.name, source.records()))
    people = frozenset(one.person for one in found)
    return _Planned(text, f"{source.name}:{source.path.name}", people, found)


def _run(client: Client, planned: Sequence[_Planned], out: Path, manifest: Manifest, opener: Opener) -> Prepared:
    run = uuid4().hex
    tasks = (Task(group, one.text, opener, out, manifest.spec, run) for one in planned for group in one.groups)
    labels = {one.text: one.label for one in planned}
    counts = {one.label: SourceCounts(people=len(one.people)) for one in planned}
    made = there = windows = 0
    with tqdm(total=sum(len(one.groups) for one in planned), desc="front end", unit="file", disable=None) as bar:
        for task, result in _outcomes(client, tasks):
            label = labels[task.text]
            counts[label] = counts[label].with_outcome(result)
            made += result.made
            there += result.records > 0 and not result.made
            windows += result.windows
            bar.set_postfix(windows=windows, refresh=False)
            bar.update()
    for label, count in counts.items():
        counts[label] = replace(count, whole=True)
        for record, why in sorted(count.unreadable.items()):
            log.warning("%s: record %s: %s", label, record, why)
    write_manifest(out, manifest.with_sources(counts))
    return Prepared(made, there, counts)


def _outcomes(client: Client, tasks: Iterator[Task]) -> Iterator[tuple[Task, Outcome]]:
    try:
        for task, result in results(client, write_group, tasks):
            yield task, _killed(task) if isinstance(result, KilledWorker) else result
    except UnwritableError as error:
        raise CommandError(CommandReason.UNWRITABLE, str(error)) from error


def _killed(task: Task) -> Outcome:
    why = "one worker after another died with it; give them more memory"
    return Outcome(False, 0, 0, 0, 0.0, 0, Counter(), dict.fromkeys(task.group.records, why))


def _refuse_twice(planned: Sequence[_Planned]) -> None:
    for one, other in combinations(planned, 2):
        if one.label == other.label:
            raise CommandError(CommandReason.BAD_ARGUMENT, f"{one.label} is given twice; give it once")
        if both := sorted(one.people & other.people):
            raise CommandError(
                CommandReason.BAD_ARGUMENT, f"{both[0]} is in {one.text} and in {other.text}; give one of them"
            )


def _refuse_others(planned: Sequence[_Planned], out: Path, digest: str) -> None:
    """Other files of a person than these would be the same windows twice, or somebody else's."""
    for one in planned:
        ours = {group.path(out, digest) for group in one.groups}
        folders = (person_folder(out, person) for person in one.people)
        others = sorted(file for folder in folders if folder.exists() for file in folder.iterdir() if file not in ours)
        if others:
            raise CommandError(
                CommandReason.BAD_ARGUMENT,
                f"{out} holds {len(others)} files that {one.text} would not make of the same people, such as "
                f"{others[0]}; give another --out, or remove them",
            )


def _clear(parts: Path) -> None:
    """What a worker that was killed has left; nobody else writes there while the folder is locked."""
    with writing(parts):
        parts.mkdir(exist_ok=True)
        for part in parts.iterdir():
            part.unlink(missing_ok=True)


def check_readable(prepared: Prepared) -> None:
    """Refuse to be content with records that could not be read.

    Raises:
        RecordingError: UNREADABLE.
    """
    lost = sum(len(one.unreadable) for one in prepared.counts.values())
    if lost:
        records = lost + sum(one.records for one in prepared.counts.values())
        raise RecordingError(
            RecordingReason.UNREADABLE,
            f"{lost} of {records} records could not be read; all others are prepared: mend these and call again, "
            "which reads only them, or say --skip-unreadable",
        )
