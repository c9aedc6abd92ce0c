"""WF-PPG (Ho et al. 2025, Sci. Data 12:200): wrist and fingertip at once, under several contact pressures.

As measured: ``wrist_1000.csv`` and ``finger_1000.csv``, 128 Hz, LEDC1 to LEDC3 green, infrared and red, some lines
before the header and four after the samples. As prepared: ``0_preprocessed_1000.csv`` and on, 100 Hz, one for each
pressure, ``PPG_In_*`` the wrist and ``PPG_Ref_*`` the finger. The number is the person. Where both lie there, what was
measured is taken, since the other shows the same seconds. Infrared is read, as the device does; counts fall with the
pulse, so they are turned over. Time is counted at the stated rates, as the authors do. Made to their code, not tried on
the files themselves.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np

from firmware_bridge.recordings import Recording
from train.sources.base import SourceRecord
from train.sources.failing import no_signal, nothing_of
from train.sources.tables import numbers, rows

MEASURED_HZ, PREPARED_HZ = 128.0, 100.0
TRAILING_ROWS = 4
"""Lines of the recorder's own after the samples."""
_MEASURED = re.compile(r"(wrist|finger)_(\d+)")
_PREPARED = re.compile(r"(\d+)_preprocessed_(\d+)")
_PREPARED_COLUMNS = {"wrist": "PPG_In_IR_LPF_10Hz", "finger": "PPG_Ref_IR_LPF_10Hz"}


class WfPpgSource:
    """The recordings at or below one folder, wrist and finger each a record."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; names of files tell all."""
        files = sorted(self.path.rglob("*.csv"))
        measured = [self._measured(path, match) for path in files if (match := _MEASURED.fullmatch(path.stem))]
        if measured:
            return measured
        matches = ((path, match) for path in files if (match := _PREPARED.fullmatch(path.stem)))
        prepared = [self._prepared(path, match, site) for path, match in matches for site in _PREPARED_COLUMNS]
        if not prepared:
            raise nothing_of(self.path, "wrist_NNNN.csv or N_preprocessed_NNNN.csv", "the folder of either")
        return prepared

    def _measured(self, path: Path, match: re.Match[str]) -> SourceRecord:
        read = partial(_read_measured, path, match[2])
        return SourceRecord(f"{self.name}/{match[2]}", path.stem, read, "1", site=match[1])

    def _prepared(self, path: Path, match: re.Match[str], site: str) -> SourceRecord:
        record = f"{path.stem}/{site}"
        read = partial(_read_prepared, path, match[2], _PREPARED_COLUMNS[site], f"1/{match[1]}", record)
        return SourceRecord(f"{self.name}/{match[2]}", record, read, f"1/{match[1]}", site=site)


def _read_measured(path: Path, person: str) -> Recording:
    found = list(rows(path, ["LEDC2"], begins="timestamp"))[:-TRAILING_ROWS]
    counts = numbers(path, found)
    return _recording(path, counts, MEASURED_HZ, person, "1", path.stem)


def _read_prepared(path: Path, person: str, column: str, session: str, record: str) -> Recording:
    counts = numbers(path, rows(path, [column]))
    return _recording(path, counts, PREPARED_HZ, person, session, record)


def _recording(
    path: Path, counts: np.ndarray[tuple[int, ...], np.dtype[np.float64]], rate_hz: float, *names: str
) -> Recording:
    if not counts.size:
        raise no_signal(path, "has no samples")
    person, session, record = names
    return Recording(-counts[:, 0], rate_hz, person, session, record)
