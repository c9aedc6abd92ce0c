"""A recording as a cohort file, one record a span, with everything that the journal held beside it."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0
from numpy.typing import NDArray

from device.recording.journal import JournalReader
from device.recording.quantising import Quantiser
from device.recording.spans import Contents, grid, runs

_BLOCK_COLUMNS = ("index", "clock_index", "t_us", "unix_us", "flags")


def write_cohort(file: Path, name: str, journal: JournalReader, contents: Contents) -> None:
    """Write a journal as a cohort called `name`, reading it once for each long array: none is held in memory.

    Beside a cohort's own arrays: `ir_counts` and `red_counts` int32, `LOST_COUNTS` where lost; for each record
    `record_fs` (Hz), `epoch`, `first_index`; for each block `block_index`, `block_clock_index`, `block_t_us`,
    `block_unix_us` and `block_flags`, those of record i from `block_start[i]` to `block_start[i + 1]`.

    Raises:
        OSError: it cannot be written.
    """
    spans = contents.spans
    quantisers = [Quantiser.of(span.ir_range) for span in spans]
    length = sum(span.length for span in spans)
    long: dict[str, tuple[int, Any, Callable[[], Iterator[NDArray[Any]]]]] = {
        "ppg": (length, np.int16, lambda: (quantisers[i].values(part[:, 0]) for i, part in grid(journal))),
        "ir_counts": (length, np.int32, lambda: (part[:, 0] for _, part in grid(journal))),
        "red_counts": (length, np.int32, lambda: (part[:, 1] for _, part in grid(journal))),
    }
    for column in _BLOCK_COLUMNS:
        kind = np.uint8 if column == "flags" else np.int64
        count = sum(span.blocks for span in spans)
        long[f"block_{column}"] = (count, kind, lambda column=column: (run.blocks[column] for run in runs(journal)))  # type: ignore[misc]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for key, array in _short(name, contents, quantisers).items():
            _put(archive, key, len(array) if array.ndim else None, array.dtype, iter([array]))
        for key, (n, dtype, chunks) in long.items():
            _put(archive, key, n, np.dtype(dtype), chunks())


def _short(name: str, contents: Contents, quantisers: list[Quantiser]) -> dict[str, NDArray[Any]]:
    spans = contents.spans
    return {
        "fs": np.array(contents.rate_hz),
        "start": _starts([span.length for span in spans]),
        "ppg_scale": np.array([float(one.step) for one in quantisers]),
        "ppg_offset": np.array([float(-one.step * one.zero) for one in quantisers]),
        "subject": np.array([span.session.subject for span in spans]),
        "session": np.array([span.session.session for span in spans]),
        "record": np.array([f"{name}-{i}" for i in range(len(spans))]),
        "record_fs": np.array(contents.rates_hz),
        "epoch": np.array([span.epoch for span in spans]),
        "first_index": np.array([span.first_index for span in spans]),
        "block_start": _starts([span.blocks for span in spans]),
    }


def _starts(lengths: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _put(
    archive: zipfile.ZipFile, key: str, length: int | None, dtype: np.dtype[Any], chunks: Iterator[NDArray[Any]]
) -> None:
    """One member, as `numpy.savez` writes it, a chunk at a time."""
    head = header_data_from_array_1_0(np.empty(0, dtype)) | {"shape": () if length is None else (length,)}
    with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
        write_array_header_1_0(member, head)
        for chunk in chunks:
            member.write(np.ascontiguousarray(chunk, dtype).tobytes())
