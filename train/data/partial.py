"""A file that is still coming: its bytes so far, and which version of the published file they are of."""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from train.data.errors import DataError, DataReason

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that says what to do.

    Raises:
        DataError: DISK_FULL, UNWRITABLE.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DataError(
                DataReason.DISK_FULL,
                f"no space for {path}; what has come is kept: free some and run the same command again",
            ) from None
        raise DataError(DataReason.UNWRITABLE, f"cannot write {path}: {error.strerror or error}") from None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, lower-case hex.

    Raises:
        DataError: UNWRITABLE, where it cannot be read.
    """
    with writing(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Partial:
    """``NAME.part`` beside a file that is not whole yet, and ``NAME.part.tag`` with the version it is of.

    Args:
        path: of the whole file.
    """

    def __init__(self, path: Path) -> None:
        self.whole = path
        self.path = path.with_name(f"{path.name}.part")
        self._tag = path.with_name(f"{path.name}.part.tag")

    @property
    def size_bytes(self) -> int:
        """How much has come."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def resume_headers(self) -> dict[str, str]:
        """The headers that ask for the rest of the same version, or for all of it if it has changed (RFC 9110, 13.1.5).

        Empty where nothing has come, or where the server named no version that could be compared.
        """
        if not self.size_bytes or not self._tag.is_file():
            return {}
        tag = self._tag.read_text("latin-1")
        return {"Range": f"bytes={self.size_bytes}-", "If-Range": tag} if _sendable(tag) else {}

    def start(self, etag: str, last_modified: str) -> None:
        """Begin anew with the version that the server's headers of these names tell; empty where it tells none."""
        self.discard()
        # A weak ETag does not promise the same bytes, and must not be sent in If-Range.
        tag = etag if etag and not etag.startswith("W/") else last_modified
        if _sendable(tag):
            self._tag.write_text(tag, "latin-1")

    def open_to_append(self) -> BinaryIO:
        """The file, at its end."""
        return self.path.open("ab")

    def discard(self) -> None:
        """Forget what has come; the bytes before the version, so that no bytes are ever of another one."""
        with writing(self.path):
            self.path.unlink(missing_ok=True)
            self._tag.unlink(missing_ok=True)

    def is_whole(self, sha256: str) -> bool:
        """Whether the bytes so far are the file with this SHA-256."""
        return self.path.is_file() and sha256_of(self.path) == sha256

    def finish(self) -> None:
        """Give the file its name."""
        with writing(self.whole):
            self.path.replace(self.whole)
            self._tag.unlink(missing_ok=True)


def _sendable(tag: str) -> bool:
    return bool(tag) and tag.isascii() and tag.isprintable()
