"""One process at a time in a folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from train.data.errors import DataError, DataReason
from train.data.partial import writing


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder, so that no two processes write one file; the lock ends with the process.

    Args:
        folder: which exists.
        what: another process does there, in words, such as ``downloads to``.

    Raises:
        DataError: BUSY, or as ``writing``.
    """
    path = folder / ".lock"
    with writing(path):
        file = path.open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(DataReason.BUSY, f"another process {what} {folder}; wait for it") from None
        yield
