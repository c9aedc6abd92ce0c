"""Cohort files: one ``.npz`` of many records, ragged or a table of windows, samples in scaled int16."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.npz_check import NPZ_FAULTS, check_npz, one_line
from firmware_bridge.recordings.recording import Recording, checked_rate

MISSING = np.iinfo(np.int16).min
"""This int16 marks a sample that was not measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """The records of one file; each is decoded to float64 when it is asked for, one at a time.

    ``subjects``, ``sessions``, ``records`` have shape (len(cohort),). A windowed cohort is a table whose rows
    are records of their own, with no known time between them.
    """

    path: Path
    rate_hz: float
    windowed: bool
    subjects: NDArray[np.str_]
    sessions: NDArray[np.str_]
    records: NDArray[np.str_]
    _ppg: NDArray[np.int16]
    _scale: NDArray[np.float64]
    _offset: NDArray[np.float64]
    _start: NDArray[np.int64] | None
    _rates_hz: NDArray[np.float64]
    _counts: tuple[NDArray[np.int32], NDArray[np.int32]] | None

    def __len__(self) -> int:
        return len(self.subjects)

    @overload
    def __getitem__(self, item: int) -> Recording: ...
    @overload
    def __getitem__(self, item: str) -> Recording: ...
    def __getitem__(self, item: int | str) -> Recording:
        """A record by its number or its name; a subject's name means their first record.

        Raises:
            RecordingError: NOT_FOUND if nothing is called so.
            IndexError: the number is none.
        """
        i = self._find(item) if isinstance(item, str) else range(len(self))[item]
        part = i if self._start is None else slice(self._start[i], self._start[i + 1])
        raw = self._ppg[part]
        ppg = np.where(raw == MISSING, np.nan, raw * self._scale[i] + self._offset[i])
        counts = None if self._counts is None else np.stack([channel[part] for channel in self._counts], axis=1)
        names = str(self.subjects[i]), str(self.sessions[i]), str(self.records[i])
        return Recording(ppg, float(self._rates_hz[i]), *names, counts)

    def __iter__(self) -> Iterator[Recording]:
        return (self[i] for i in range(len(self)))

    def _find(self, name: str) -> int:
        for names in (self.records, self.subjects):
            matches = np.flatnonzero(names == name)
            if len(matches):
                return int(matches[0])
        some = ", ".join(str(record) for record in self.records[:5])
        raise RecordingError(
            RecordingReason.NOT_FOUND,
            f"{self.path} has no record {name!r}; it has {len(self)}, such as {some}",
        )


def read_cohort(path: str | os.PathLike[str]) -> Cohort:
    """A cohort file: arrays ``fs``, ``ppg`` int16, ``ppg_scale``, ``ppg_offset``, ``subject``, ``session``.

    A ragged file has ``start`` (one more than records) and ``ppg`` of shape (samples,); a windowed one has no
    ``start`` and ``ppg`` of shape (windows, samples). ``record`` names the records; without it their numbers
    do. A ragged file may add what ``pulsekey record`` keeps: ``record_fs``, each record's own rate, and
    ``ir_counts`` and ``red_counts``, int32 as long as ``ppg``. Other arrays are left alone.

    Raises:
        RecordingError: no such file, no ``.npz``, an array that is absent, or one that has another shape or
        type.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            check_npz(file)
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise RecordingError(RecordingReason.UNREADABLE, f"{path} is no .npz file")
            return _Arrays(path, arrays).cohort()
    except FileNotFoundError as error:
        raise RecordingError(RecordingReason.NOT_FOUND, f"no such file: {path}") from error
    except ValueError as error:  # numpy takes whatever is no archive for a pickle, and advises to load it
        raise RecordingError(RecordingReason.UNREADABLE, f"{path} is no .npz file; give a cohort file") from error
    except NPZ_FAULTS as error:
        raise RecordingError(
            RecordingReason.UNREADABLE, f"{path} is no readable .npz file: {one_line(error)}"
        ) from error


class _Arrays:
    """The arrays of an open file, each checked when it is taken."""

    def __init__(self, path: Path, arrays: Any) -> None:
        self._path, self._arrays = path, arrays

    def cohort(self) -> Cohort:
        rate_hz = checked_rate(float(self._take("fs", "fiu", 0)), str(self._path))
        ragged = "start" in self._arrays
        ppg = self._take("ppg", "i", None)
        if not ragged and ppg.ndim == 1:
            raise self._missing("start")
        if ppg.dtype != np.int16 or ppg.ndim != (1 if ragged else 2):
            raise self._bad("ppg", f"int16 of {1 if ragged else 2} dimensions", ppg)
        subjects = self._take("subject", "U", 1)
        count = len(subjects)
        if count == 0 or (not ragged and len(ppg) != count):
            raise self._bad("ppg", f"{count} rows, one for each subject", ppg)
        numbers = np.arange(count).astype(np.str_)
        return Cohort(
            self._path,
            rate_hz,
            not ragged,
            subjects,
            self._take("session", "U", 1, count),
            self._take("record", "U", 1, count) if "record" in self._arrays else numbers,
            ppg,
            self._finite("ppg_scale", count),
            self._finite("ppg_offset", count),
            self._starts(count, len(ppg)) if ragged else None,
            self._rates(rate_hz, count),
            self._counts(len(ppg)) if ragged and "ir_counts" in self._arrays else None,
        )

    def _rates(self, rate_hz: float, count: int) -> NDArray[np.float64]:
        if "record_fs" not in self._arrays:
            return np.full(count, rate_hz)
        rates_hz = self._finite("record_fs", count)
        return np.array([checked_rate(rate, str(self._path)) for rate in rates_hz.tolist()])

    def _counts(self, samples: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        ir, red = (self._take(name, "i", 1, samples) for name in ("ir_counts", "red_counts"))
        return ir.astype(np.int32), red.astype(np.int32)

    def _starts(self, count: int, samples: int) -> NDArray[np.int64]:
        start = self._take("start", "iu", 1, count + 1).astype(np.int64)
        if start[0] < 0 or start[-1] > samples or (np.diff(start) < 0).any():
            raise self._bad("start", f"ascending from 0 to at most {samples}", start)
        return start

    def _finite(self, name: str, count: int) -> NDArray[np.float64]:
        array = self._take(name, "fiu", 1, count).astype(np.float64)
        if not np.isfinite(array).all():
            raise self._bad(name, "finite numbers", array)
        return array

    def _take(self, name: str, kinds: str, dimensions: int | None, length: int | None = None) -> NDArray[Any]:
        if name not in self._arrays:
            raise self._missing(name)
        try:
            array: NDArray[Any] = self._arrays[name]
        except ValueError as error:
            raise RecordingError(
                RecordingReason.BAD_ARRAY, f"{self._path}: array '{name}': {one_line(error)}"
            ) from error
        if array.dtype.kind not in kinds or (dimensions is not None and array.ndim != dimensions):
            raise self._bad(name, f"{dimensions} dimensions of kind {kinds}", array)
        if length is not None and len(array) != length:
            raise self._bad(name, f"length {length}", array)
        return array

    def _missing(self, name: str) -> RecordingError:
        return RecordingError(RecordingReason.MISSING_ARRAY, f"{self._path} has no array '{name}'")

    def _bad(self, name: str, wanted: str, array: NDArray[Any]) -> RecordingError:
        return RecordingError(
            RecordingReason.BAD_ARRAY,
            f"{self._path}: array '{name}' should be {wanted}; it is {array.dtype} of shape {array.shape}",
        )
