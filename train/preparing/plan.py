"""What is done in one go: the records of one person's one sitting, and the file that they become."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from train.sources.base import SourceRecord

WINDOWS = "windows"
"""Folder of the files, below which each person has one of their own."""
MAX_RECORDS = 256
"""In one file: enough that a table of 8-s records gives few files, few enough that little is done twice after a cut."""
MAX_NAME = 80
"""Characters of a session's name in a file's; a file system takes 255 bytes, and the key tells files apart."""


@dataclass(frozen=True, slots=True)
class Group:
    """Records that become one file."""

    source: str
    """Name of the source."""
    person: str
    session: str
    records: tuple[str, ...]

    def path(self, out: Path, digest: str) -> Path:
        """Its file: the name depends on the records and on the front end.

        Args:
            out: the prepared folder.
            digest: of the front end that makes the windows.
        """
        key = json.dumps([self.source, self.person, self.session, self.records, digest])
        name = quote(self.session or self.records[0], safe="")[:MAX_NAME]
        return person_folder(out, self.person) / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.parquet"


def groups(source: str, records: Iterable[SourceRecord]) -> Iterator[Group]:
    """The records of a source by person and session, in a fixed order, at most ``MAX_RECORDS`` in each."""
    ordered = sorted(records, key=_sitting)  # stable: a session's records stay in the source's order
    for (person, session), members in groupby(ordered, key=_sitting):
        names = tuple(one.record for one in members)
        for first in range(0, len(names), MAX_RECORDS):
            yield Group(source, person, session, names[first : first + MAX_RECORDS])


def person_folder(out: Path, person: str) -> Path:
    """Where a person's files lie, in the form that readers of Parquet take for a partition by ``person``."""
    return out / WINDOWS / f"person={quote(person, safe='')}"


def _sitting(record: SourceRecord) -> tuple[str, str]:
    return record.person, record.session
