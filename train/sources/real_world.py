"""Real-World PPG (Siam et al., Mendeley Data yynb8t9x3d): ``train8.xlsx`` and ``test8.xlsx``, 35 people.

Each column of a sheet is one signal: 300 samples at 50 Hz downwards, later a row that is headed by one labelled ``ID``
and holds the person's number. Which signals were taken in one sitting is not told. Made to what others read, not tried
on the files themselves; one of those readers takes a column from its foot upwards, so look at a pulse before you train.
"""

import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.recordings import Recording
from train.sources.base import SourceRecord
from train.sources.failing import malformed, nothing_of, unreadable

RATE_HZ = 50.0
SAMPLES = 300
SITE = "finger"
FILES = ("train8.xlsx", "test8.xlsx")

Row = tuple[Any, ...]


class RealWorldSource:
    """The signals of one folder's sheets, all in memory once they have been listed (5 MB)."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; a sheet has no header, so all of it is read."""
        files = [self.path / name for name in FILES if (self.path / name).is_file()]
        if not files:
            raise nothing_of(self.path, " or ".join(FILES), "the folder of both")
        records = []
        for path in files:
            signals, people = _sheet(path)
            for i, person in enumerate(people):
                record = f"{path.stem}/{i + 1}"
                read = partial(Recording, signals[i], RATE_HZ, person, "", record)
                records.append(SourceRecord(f"{self.name}/{person}", record, read, site=SITE))
        return records


def _sheet(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Signals, shape (n, SAMPLES), NaN where a cell is empty, and whose they are."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    faults = (
        OSError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        KeyError,
        ValueError,
        SyntaxError,
    )
    try:
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            rows: list[Row] = list(book.worksheets[0].iter_rows(values_only=True))
    except faults as error:
        raise unreadable(path, error) from error
    people = _people(path, rows[SAMPLES:])
    cells = [row[: len(people)] for row in rows[:SAMPLES]]
    try:
        signals = np.array([[np.nan if cell is None else float(cell) for cell in row] for row in cells])
    except (TypeError, ValueError) as error:
        raise malformed(path, f"a cell of the first {SAMPLES} rows is no number") from error
    return np.ascontiguousarray(signals.T), people


def _people(path: Path, below: list[Row]) -> list[str]:
    """The numbers of the row after the one that says ``ID``, up to the first empty cell."""
    label = next((i for i, row in enumerate(below) if any(str(cell).strip().upper() == "ID" for cell in row)), None)
    if label is None or label + 1 == len(below):
        raise malformed(path, f"no row of people below {SAMPLES} samples and a row ID")
    people = []
    for cell in below[label + 1]:
        if cell is None:
            break
        if not str(cell).removesuffix(".0").isdecimal():
            raise malformed(path, f"{str(cell)[:20]!r} is no person's number")
        people.append(str(int(float(cell))))
    if not people:
        raise malformed(path, "its row of people is empty")
    return people
