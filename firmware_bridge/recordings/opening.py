"""One recording by the name of its file."""

import os
from pathlib import Path

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings.cohort import read_cohort
from firmware_bridge.recordings.csv_format import read_csv
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.recordings.wfdb_format import read_wfdb


def open_recording(
    path: str | os.PathLike[str], *, record: str | None = None, rate_hz: float | None = None
) -> Recording:
    """The recording in ``path``: a cohort ``.npz``, a ``.csv``, ``.tsv`` or ``.txt``, or a WFDB record.

    Args:
        path: of the file; of a WFDB record the header, the signal file, or the name without either's ending.
        record: which one of a cohort, by record or subject; needed if it has more than one.
        rate_hz: of a CSV file without a time column.

    Raises:
        RecordingError: it cannot be read, or does not say which record.
    """
    path = Path(path)
    if path.suffix == ".npz":
        cohort = read_cohort(path)
        if record is None and len(cohort) > 1:
            some = ", ".join(str(name) for name in cohort.records[:5])
            raise RecordingError(
                RecordingReason.NOT_FOUND,
                f"{path} has {len(cohort)} records: add ?record=NAME, such as {some}",
            )
        return cohort[0] if record is None else cohort[record]
    if record is not None:
        raise RecordingError(RecordingReason.NOT_FOUND, f"{path} holds one recording: leave out record={record}")
    return read_csv(path, rate_hz) if path.suffix in (".csv", ".tsv", ".txt") else read_wfdb(path)
