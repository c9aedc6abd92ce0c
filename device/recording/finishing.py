"""A journal becomes the file that was asked for: whole or not at all, and the journal goes only then."""

import os
import re
from contextlib import ExitStack
from pathlib import Path

from device.errors import CommandError, CommandReason
from device.recording.cohort_file import write_cohort
from device.recording.csv_file import write_csv
from device.recording.journal import JournalReader, sync_folder, unwritable
from device.recording.spans import Contents, read_contents
from device.recording.wfdb_file import write_wfdb

SUFFIXES = (".npz", ".csv", ".hea")
_RECORD_NAME = re.compile(r"[A-Za-z0-9_-]+")


def journal_of(file: Path) -> Path:
    """Where the journal of a recording lies until it is finished."""
    return file.with_name(file.name + ".partial")


def check_target(file: Path) -> None:
    """Refuse a file that could not be made, before anything is recorded for it.

    Raises:
        CommandError: BAD_ARGUMENT for an unknown ending or a name that WFDB forbids; UNWRITABLE for a folder that
            cannot be written, or a file that is there already.
    """
    if file.suffix not in SUFFIXES:
        raise CommandError(
            CommandReason.BAD_ARGUMENT, f"{file} should end in .npz (cohort), .csv or .hea (WFDB), not {file.suffix!r}"
        )
    if file.suffix == ".hea" and not _RECORD_NAME.fullmatch(file.stem):
        raise CommandError(
            CommandReason.BAD_ARGUMENT, f"{file.stem!r} is no name of a WFDB record: use letters, digits, - and _"
        )
    if not os.access(file.resolve().parent, os.W_OK | os.X_OK):
        raise unwritable(file, "no such folder, or no permission")
    for path in _targets(file):
        if os.path.lexists(path):
            raise unwritable(
                path, "it is there already, and is never overwritten: move it away, or choose another name"
            )


def finish(file: Path) -> tuple[Contents, int]:
    """Make `file` of its journal, and remove the journal; what it held, and how many bytes of it were damaged.

    Raises:
        CommandError: UNWRITABLE. RecordingError or SignalError: nothing can be made of the journal. The journal
            remains.
    """
    journal = JournalReader(journal_of(file))
    contents = read_contents(journal)
    damaged = journal.damaged_bytes
    targets = _targets(file)
    parts = [path.with_name(f".{path.name}.part") for path in targets]
    with ExitStack() as cleaning:
        for part in parts:
            cleaning.callback(part.unlink, missing_ok=True)
        try:
            for part in parts:
                part.unlink(missing_ok=True)
                os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            _write(file, parts, journal, contents)
            _put(parts, targets)
            journal.path.unlink()
        except OSError as error:
            why = f"{error.strerror or error}; the recording is safe in {journal.path}: --recover makes {file} of it"
            raise unwritable(file, why) from error
    return contents, damaged


def _targets(file: Path) -> list[Path]:
    """The files that `file` consists of, itself last: where it is, all are."""
    if file.suffix != ".hea":
        return [file]
    return [file.with_name(f"{file.stem}.dat"), file.with_name(f"{file.stem}_counts.dat"), file]


def _write(file: Path, parts: list[Path], journal: JournalReader, contents: Contents) -> None:
    if file.suffix == ".npz":
        write_cohort(parts[0], file.stem, journal, contents)
    elif file.suffix == ".csv":
        write_csv(parts[0], journal, contents)
    else:
        write_wfdb(parts[2], parts[0], parts[1], file.stem, journal, contents)


def _put(parts: list[Path], targets: list[Path]) -> None:
    for part in parts:
        with part.open("rb") as written:
            os.fsync(written.fileno())
    with ExitStack() as undoing:
        for target in targets:
            # Claimed first, empty: a rename alone would overwrite what somebody has put there meanwhile.
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            undoing.callback(target.unlink, missing_ok=True)
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
        sync_folder(targets[0].resolve().parent)
        undoing.pop_all()
