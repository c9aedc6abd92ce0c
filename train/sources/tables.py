"""Columns of CSV files, streamed, so that only those asked for are kept."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.sources.failing import malformed, no_signal, unreadable

Cells = tuple[str, ...]


def rows(path: Path, columns: Sequence[str], begins: str = "") -> Iterator[tuple[int, Cells]]:
    """Each row's number in the file, from 1, and its cells of ``columns``, stripped; absent ones are empty.

    The separator is the first of comma, semicolon and tab in the header.

    Args:
        path: the file.
        columns: names of the header's columns.
        begins: how the header's line begins, where lines come before it; the first line is the header otherwise.

    Raises:
        RecordingError: the file cannot be read, or has no such header or column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(path, file, columns, begins)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, error) from error


def _rows(path: Path, lines: Iterator[str], columns: Sequence[str], begins: str) -> Iterator[tuple[int, Cells]]:
    header, number = _header(path, lines, begins)
    mark = next((one for one in ",;\t" if one in header), ",")
    names = [name.strip() for name in next(csv.reader([header], delimiter=mark))]
    missing = [name for name in columns if name not in names]
    if missing:
        raise no_signal(path, f"has no column {missing[0]!r}, only {', '.join(names)[:80]}")
    places = [names.index(name) for name in columns]
    for place, row in enumerate(csv.reader(lines, delimiter=mark), number + 1):
        if row:
            yield place, tuple(row[k].strip() if k < len(row) else "" for k in places)


def _header(path: Path, lines: Iterator[str], begins: str) -> tuple[str, int]:
    """The header's line and its number, from 1."""
    for number, line in enumerate(lines, 1):
        if line.startswith(begins):
            return line, number
    raise no_signal(path, f"has no header that begins with {begins!r}" if begins else "is empty")


def numbers(path: Path, found: Iterable[tuple[int, Cells]]) -> NDArray[np.float64]:
    """Rows as numbers, shape (n, columns); NaN for an empty cell and for what is not finite.

    Raises:
        RecordingError: a cell is no number.
    """
    values: list[list[float]] = []
    for number, cells in found:
        try:
            values.append([float(cell) if cell else np.nan for cell in cells])
        except ValueError as error:
            raise malformed(path, f"row {number} {','.join(cells)[:40]!r} is not all numbers") from error
    array = np.array(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)
