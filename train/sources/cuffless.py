"""Cuff-Less Blood Pressure Estimation (UCI 340): ``Part_1.mat`` to ``Part_4.mat``, MATLAB 7.3, which is HDF5.

Each file holds one cell array of matrices 3 x N, in HDF5 N x 3: PPG, ABP and ECG at 125 Hz, from MIMIC-II. Nobody is
named: a record stands as a person, and since the records of one patient follow each other, its number goes along.
Made to the layout published and as others read it, not tried on the files themselves.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.recordings import Recording
from train.sources.base import SourceRecord
from train.sources.failing import malformed, nothing_of, unreadable

RATE_HZ = 125.0
SITE = "finger"
_PART = re.compile(r"Part_(\d+)")


class CufflessSource:
    """The cell arrays of one folder."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; numbers run on from file to file."""
        found = ((path, _PART.fullmatch(path.stem)) for path in self.path.glob("Part_*.mat"))
        files = sorted((int(match[1]), path) for path, match in found if match)
        if not files:
            raise nothing_of(self.path, "Part_1.mat", "the folder of Part_1.mat to Part_4.mat")
        records: list[SourceRecord] = []
        for _, path in files:
            for i in range(_count(path)):
                name = f"{path.stem}/{i}"
                read = partial(_read, path, i, name)
                records.append(SourceRecord(f"{self.name}/{name}", name, read, name, number=len(records), site=SITE))
        return records


def _cells(path: Path, file: Any) -> Any:
    """The references of the file's one cell array, in MATLAB's order, shape (records,)."""
    import h5py

    arrays = [one for name, one in file.items() if name != "#refs#" and isinstance(one, h5py.Dataset)]
    cells = [one for one in arrays if h5py.check_ref_dtype(one.dtype) is h5py.Reference]
    if len(cells) != 1:
        raise malformed(path, f"{len(cells)} cell arrays, where one was expected")
    return np.ravel(cells[0][()])


def _count(path: Path) -> int:
    import h5py

    try:
        with h5py.File(path) as file:
            return len(_cells(path, file))
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise unreadable(path, error) from error


def _read(path: Path, i: int, name: str) -> Recording:
    import h5py

    try:
        with h5py.File(path) as file:
            matrix = file[_cells(path, file)[i]]
            if matrix.ndim != 2 or matrix.shape[1] != 3:
                raise malformed(path, f"record {i} has shape {matrix.shape}, not (samples, 3)")
            ppg = np.asarray(matrix[:, 0], dtype=np.float64)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise unreadable(path, error) from error
    return Recording(np.where(np.isfinite(ppg), ppg, np.nan), RATE_HZ, name, name, name)
