r"""CSV files of any layout, described by a TOML file: ``csv=mine.toml``.

name = "ring"                       # the source's
files = "data/**/*.csv"             # from the mapping's folder
ppg = "ir"                          # the column of the pulse, by the header
inverted = true                     # counts that fall with the pulse
time = "t_ms"                       # the column of time, or rate_hz = 100.0
time_unit = "ms"                    # s (when it is not said), ms or us
path = '(?P<person>P\d+)_(?P<session>\d+)'  # what the path tells: person, session, sex (its first letter), age
person = "who"                      # or the column that names the person; several people may share a file
session = "day"                     # and that of the session
site = "finger"
"""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from firmware_bridge.recordings import Recording
from firmware_bridge.recordings.recording import checked_rate
from train.errors import TrainError, TrainReason
from train.sources.base import SourceRecord
from train.sources.failing import malformed, no_signal, nothing_of
from train.sources.grid import on_grid
from train.sources.tables import Cells, numbers, rows
from train.toml_files import build, read_toml

UNITS_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
GROUPS = ("person", "session", "sex", "age")
_SEXES = {"F": "F", "W": "F", "M": "M"}


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a mapping says; see the module."""

    name: str
    files: str
    ppg: str
    inverted: bool = False
    rate_hz: float = 0.0
    time: str = ""
    time_unit: str = "s"
    path: str = ""
    person: str = ""
    session: str = ""
    site: str = ""

    @property
    def keys(self) -> list[str]:
        """The columns that name person and session, those there are."""
        return [column for column in (self.person, self.session) if column]


def read_mapping(path: Path) -> Mapping:
    """A mapping.

    Raises:
        TrainError: BAD_CONFIG if it is no TOML, or a key is unknown, missing or does not fit another.
    """
    mapping = build(Mapping, read_toml(path), str(path))
    groups = set(_pattern(path, mapping.path).groupindex)
    faults = {
        "name: give a name without a slash": not mapping.name or "/" in mapping.name,
        "files: give a pattern from the mapping's folder": not mapping.files or Path(mapping.files).is_absolute(),
        "give either time or rate_hz": bool(mapping.time) == bool(mapping.rate_hz),
        f"time_unit: give one of {', '.join(UNITS_S)}": mapping.time_unit not in UNITS_S,
        f"path: its groups are of {', '.join(GROUPS)}": not groups <= set(GROUPS),
        "say whose: person = COLUMN, or a group (?P<person>...) in path": bool(mapping.person) == ("person" in groups),
        "session: from a column or from path, not both": bool(mapping.session) and "session" in groups,
    }
    for fault, present in faults.items():
        if present:
            raise TrainError(TrainReason.BAD_CONFIG, f"{path}: {fault}")
    return mapping


def _pattern(path: Path, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise TrainError(
            TrainReason.BAD_CONFIG, f"{path}: path = {text!r} is no regular expression: {error}"
        ) from error


class CsvSource:
    """The files that one mapping describes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mapping = read_mapping(path)

    @property
    def name(self) -> str:
        """As the mapping says."""
        return self._mapping.name

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; columns that name people are read."""
        folder, mapping = self.path.parent, self._mapping
        files = sorted(one for one in folder.glob(mapping.files) if one.is_file())
        if not files:
            raise nothing_of(folder, mapping.files, f"files = PATTERN in {self.path.name}")
        return [record for path in files for record in self._of_file(path)]

    def _of_file(self, path: Path) -> list[SourceRecord]:
        mapping, name = self._mapping, path.relative_to(self.path.parent).as_posix()
        told = _told(path, name, mapping.path)
        columns = mapping.keys
        owners = list(dict.fromkeys(cells for _, cells in rows(path, columns))) if columns else [()]
        records = []
        for owner in owners:
            by_column = dict(zip(columns, owner, strict=True))
            person = by_column[mapping.person] if mapping.person else told.get("person", "")
            session = by_column[mapping.session] if mapping.session else told.get("session", "")
            if not person:
                raise malformed(path, f"{mapping.person or mapping.path!r} does not tell whose it is")
            record = "/".join((name, *owner))
            read = partial(_read, path, mapping, owner, (person, session, record))
            records.append(
                SourceRecord(
                    f"{mapping.name}/{person}",
                    record,
                    read,
                    session,
                    site=mapping.site,
                    sex=_SEXES.get(told.get("sex", "")[:1].upper(), ""),
                    age=int(told["age"]) if told.get("age", "").isdecimal() else None,
                )
            )
        return records


def _told(path: Path, name: str, pattern: str) -> dict[str, str]:
    match = re.search(pattern, name)
    if match is None:
        raise malformed(path, f"{name} does not match path = {pattern!r}")
    return {key: text for key, text in match.groupdict().items() if text is not None}


def _read(path: Path, mapping: Mapping, owner: Cells, names: tuple[str, str, str]) -> Recording:
    columns = [mapping.ppg, *([mapping.time] if mapping.time else [])]
    width = len(columns)
    own = ((number, cells[:width]) for number, cells in rows(path, columns + mapping.keys) if cells[width:] == owner)
    values = numbers(path, own)
    if not values.size:
        raise no_signal(path, "has no samples")
    ppg = -values[:, 0] if mapping.inverted else values[:, 0]
    if mapping.time:
        ppg, rate_hz = on_grid(path, values[:, 1] * UNITS_S[mapping.time_unit], ppg)
    else:
        rate_hz = mapping.rate_hz
    return Recording(np.ascontiguousarray(ppg), checked_rate(float(rate_hz), str(path)), *names)
