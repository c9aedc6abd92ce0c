"""The columns of a prepared file, how a pulse is stored, and what the file says about its records."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from train.preparing.cutting import TimedWindow

STEPS = 1024
"""A pulse is stored in int16 as this many steps to its standard deviation of 1. A window that is good keeps within 3.5,
so nothing is clipped; the error is at most 1/2048, half of what float16 makes of it, and the differences of
neighbours, which is what is written, take less room than float16 in any encoding (tests/benchmarks/prepare.py)."""
ROWS = 4096
"""Windows that are held before they are written: 3 MB, and a row group that is worth its overhead."""
FACTS_KEY = b"pulsekey"
COMPRESSION_LEVEL = 3
"""Level 9 saves another 2 % at one and a half times the time."""


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What is known of one record that has been prepared, without its pulses."""

    person: str
    source: str
    record: str
    session: str
    number: int
    """As ``SourceRecord.number``."""
    site: str
    sex: str
    age: int | None
    content_hash: str
    """Of the raw signal: ``train.preparing.cutting.content_hash``."""
    seconds: float
    windows: int
    good: int
    refused: dict[str, int] = field(hash=False)
    """Windows that may not be embedded, by reason."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file says about all its records; one that could not be read is in ``unreadable`` with the reason."""

    records: tuple[RecordFacts, ...]
    unreadable: dict[str, str] = field(hash=False)


def read_facts(path: Path) -> FileFacts:
    """What a file says about its records; no window is read.

    Raises:
        OSError: it cannot be read, or is no whole Parquet file.
        KeyError: it is not of ``pulsekey data prepare``.
    """
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except pa.ArrowInvalid as error:
        raise OSError(f"{path}: {error}") from error
    facts: dict[str, Any] = json.loads(metadata[FACTS_KEY])
    return FileFacts(tuple(RecordFacts(**record) for record in facts["records"]), facts["unreadable"])


def schema(window_samples: int) -> Any:
    """The columns, a pulse being ``window_samples`` numbers."""
    text = pa.string()
    columns = {
        "source": text,
        "record": text,
        "session": text,
        "number": pa.int32(),
        "site": text,
        "sex": text,
        "age": pa.int16(),
        "start_s": pa.float64(),
        "epoch": pa.int32(),
        "sqi": pa.float32(),
        "reason": text,
        "good": pa.bool_(),
        "content_hash": text,
        "pulse": pa.list_(pa.int16(), window_samples),
    }
    return pa.schema(list(columns.items()))


class WindowsFile:
    """A file being written, record by record; its rows go out in groups of ``ROWS``, whosever they are."""

    def __init__(self, path: Path, window_samples: int) -> None:
        """
        Args:
            path: of the file.
            window_samples: length of a pulse.
        """
        self._samples = window_samples
        columns = schema(window_samples)
        self._writer = pq.ParquetWriter(
            path,
            columns,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=[column.name for column in columns if column.type == pa.string()],
            column_encoding={"pulse.list.element": "DELTA_BINARY_PACKED"},
            write_statistics=["start_s", "number", "good"],
        )
        self._held: list[Any] = []

    def add(self, windows: Sequence[TimedWindow], facts: RecordFacts) -> None:
        """Take windows of one record; what is not good keeps its row, without a pulse."""
        self._held.append(_rows(windows, facts, self._samples))
        if sum(table.num_rows for table in self._held) >= ROWS:
            self._flush()

    def finish(self, facts: FileFacts) -> None:
        """Write what is still held, and what the file says about its records."""
        self._flush()
        self._writer.add_key_value_metadata({FACTS_KEY: json.dumps(asdict(facts), ensure_ascii=False).encode()})

    def close(self) -> None:
        """End the file, finished or not."""
        self._writer.close()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held), row_group_size=2 * ROWS)
            self._held = []


def _rows(windows: Sequence[TimedWindow], facts: RecordFacts, window_samples: int) -> Any:
    qualities = [one.window.quality for one in windows]
    alike = {
        name: [getattr(facts, name)] * len(windows)
        for name in ("source", "record", "session", "number", "site", "sex", "age", "content_hash")
    }
    each = {
        "start_s": [one.start_s for one in windows],
        "epoch": [one.window.epoch for one in windows],
        "sqi": [quality.sqi for quality in qualities],
        "reason": [None if quality.reason is None else str(quality.reason) for quality in qualities],
        "good": [quality.good for quality in qualities],
        "pulse": _pulses(windows, window_samples),
    }
    return pa.table(alike | each, schema=schema(window_samples))


def decode(column: Any, window_samples: int) -> NDArray[np.float32]:
    """Pulses (n, window_samples) of a column of them, none missing."""
    steps = [chunk.flatten().to_numpy() for chunk in column.chunks]
    whole = np.concatenate(steps) if steps else np.empty(0, dtype=np.int16)
    return whole.reshape(-1, window_samples).astype(np.float32) / np.float32(STEPS)


def _pulses(windows: Sequence[TimedWindow], window_samples: int) -> Any:
    steps = np.zeros((len(windows), window_samples), dtype=np.int16)
    bad = np.array([not one.window.quality.good for one in windows], dtype=np.bool_)
    for row, one in zip(steps, windows, strict=True):
        if one.window.quality.good:
            row[:] = np.rint(one.window.pulse * np.float32(STEPS))
    return pa.FixedSizeListArray.from_arrays(pa.array(steps.ravel()), window_samples, mask=pa.array(bad))
