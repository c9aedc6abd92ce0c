"""CSV recordings: a column of samples, and a column of time or a stated rate."""

import csv
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings.recording import Recording, checked_rate
from firmware_bridge.recordings.time_grid import UnevenTimeError, on_grid

_UPWARDS = ("ppg", "pleth", "pulse", "bvp")
_DOWNWARDS = ("ir", "infrared", "ir_counts", "ir_value")
_TIME_UNITS_S = {"": 1.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6}
_TIME = re.compile(r"(?:t|time|timestamp|seconds)(?:[ _]?[\[(]?(s|sec|seconds|ms|us)[\])]?)?")


@dataclass(frozen=True, slots=True)
class _Columns:
    ppg: int
    sign: float
    time: int | None
    time_unit_s: float


def read_csv(path: str | os.PathLike[str], rate_hz: float | None = None) -> Recording:
    """A recording from text: comma, semicolon, tab or spaces between columns, with a header or without.

    The header names the column: ppg, pleth, pulse or bvp (pulse up), or ir (counts, pulse down: turned over
    here); a column t, time or timestamp is in seconds unless it says ms or us. Without header a single column
    is ppg; of two, the first is the time in seconds. Empty and ``nan`` cells are missing samples, and so are
    those a gap in time skips.

    Args:
        path: the file.
        rate_hz: needed, and used, only if there is no time column.

    Raises:
        RecordingError: the file or a cell cannot be read, no column is known, or the rate is neither stated
        nor in it.
    """
    path = Path(path)
    rows = _rows(path)
    header = None if _is_number(rows[0][0]) else rows.pop(0)
    if not rows:
        raise RecordingError(RecordingReason.NO_SIGNAL, f"{path} has a header and no samples")
    columns = _named(path, header) if header else _by_number(path, rows[0])
    ppg = columns.sign * _column(path, rows, columns.ppg, bool(header))
    if columns.time is not None:
        ppg, rate_hz = _on_grid(path, _column(path, rows, columns.time, bool(header)) * columns.time_unit_s, ppg)
    if rate_hz is None:
        raise RecordingError(RecordingReason.UNREADABLE, f"{path} has no time column: state its rate with ?rate=HZ")
    return Recording(ppg, checked_rate(rate_hz, str(path)), path.stem, path.stem, path.stem)


def _rows(path: Path) -> list[list[str]]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise RecordingError(RecordingReason.NOT_FOUND, f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(RecordingReason.UNREADABLE, f"{path} is no text") from error
    # Not a tab: before the first one may be an empty cell.
    lines = [line.strip(" ") for line in text.splitlines() if line.strip()]
    if not lines:
        raise RecordingError(RecordingReason.NO_SIGNAL, f"{path} is empty")
    separator = next((mark for mark in ",;\t" if mark in lines[0]), " ")
    try:
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise RecordingError(RecordingReason.UNREADABLE, f"{path}: {error}") from error
    return [[cell.strip() for cell in row] for row in rows]


def _named(path: Path, header: Sequence[str]) -> _Columns:
    names = [name.lower() for name in header]
    time = next(((i, match) for i, name in enumerate(names) if (match := _TIME.fullmatch(name))), None)
    for known, sign in ((_UPWARDS, 1.0), (_DOWNWARDS, -1.0)):
        for name in known:
            if name in names:
                unit_s = _TIME_UNITS_S[time[1][1] or ""] if time else 1.0
                return _Columns(names.index(name), sign, time[0] if time else None, unit_s)
    raise RecordingError(RecordingReason.NO_SIGNAL, f"{path} has no column ppg or ir; it has {', '.join(header)[:80]}")


def _by_number(path: Path, row: Sequence[str]) -> _Columns:
    if len(row) == 1:
        return _Columns(0, 1.0, None, 1.0)
    if len(row) == 2:
        return _Columns(1, 1.0, 0, 1.0)
    raise RecordingError(
        RecordingReason.NO_SIGNAL,
        f"{path} has {len(row)} columns and no header: name them, one of them ppg or ir",
    )


def _column(path: Path, rows: list[list[str]], column: int, header: bool) -> NDArray[np.float64]:
    values = np.empty(len(rows))
    for i, row in enumerate(rows):
        cell = row[column] if column < len(row) else ""
        try:
            values[i] = float(cell) if cell else np.nan
        except ValueError as error:
            raise RecordingError(
                RecordingReason.UNREADABLE, f"{path}, row {i + 1 + header}: {cell[:20]!r} is no number"
            ) from error
    return np.where(np.isfinite(values), values, np.nan)


def _on_grid(path: Path, time_s: NDArray[np.float64], ppg: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    try:
        return on_grid(time_s, ppg)
    except UnevenTimeError as error:
        raise RecordingError(RecordingReason.BAD_ARRAY, f"{path}: the time column {error}") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
