"""The journal of a recording: appended to, never changed, and whole up to its last sync whatever kills the writer.

A sequence of records, little-endian: `PKJ1`, u8 kind, u32 length of the payload, u32 CRC-32 of kind and payload, the
payload. A SESSION's payload is a JSON object; a BATCH's is u32 blocks, u32 samples, a row of `BLOCK` for each
block, then all IR and all RED counts as i32. Samples take 16 bytes each at five a block: 175 MB a day at 125 Hz.
"""

import errno
import fcntl
import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import CommandError, CommandReason
from firmware_bridge.errors import RecordingError, RecordingReason

MAGIC = b"PKJ1"
_HEAD = struct.Struct("<4sBII")
_COUNTS = struct.Struct("<II")
MAX_PAYLOAD = 1 << 22
"""A second of samples has some kilobytes: a record that claims more is damage, not data."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BLOCK = np.dtype(
    [
        ("index", "<i8"),
        ("clock_index", "<i8"),
        ("t_us", "<i8"),
        ("unix_us", "<i8"),
        ("epoch", "<u4"),
        ("count", "<u4"),
        ("flags", "u1"),
    ]
)
"""A `SampleBlock` without its counts; `unix_us` is this machine's clock when it came."""


class Kind(IntEnum):
    """What a record holds."""

    SESSION = 1
    BATCH = 2


@dataclass(frozen=True, slots=True)
class Session:
    """Whose pulse it is, from here on; each start of a recorder begins one."""

    subject: str
    session: str


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Blocks in the order they came: `blocks` (b,) of `BLOCK`; `counts` (n, 2) IR and RED, of all of them."""

    blocks: NDArray[Any]
    counts: NDArray[np.int32]


class Journal:
    """An open journal, locked against a second writer, to append to; a context manager.

    Raises:
        CommandError: UNWRITABLE, from its methods too: it is absent, or there already if it is to be new, another
            process writes it, or the disk is full.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        self._path = path
        self._holds = not new
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if new else 0)
        with self._explained():
            self._fd = os.open(path, flags, 0o600)
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if new:
                    sync_folder(path.parent)
            except BaseException:
                os.close(self._fd)
                raise

    @contextmanager
    def _explained(self, samples: int = 0) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = "another recorder writes it now" if error.errno == errno.EAGAIN else error.strerror or str(error)
            if samples:
                why += f"; {samples} samples are lost"
            if error.errno in _NO_ROOM:
                why += "; make room"
                if self._holds:
                    why += ", then --resume or --recover: what was recorded before is safe there"
            raise unwritable(self._path, why) from error

    def begin(self, session: Session) -> None:
        """Append a session."""
        self._append(Kind.SESSION, json.dumps(asdict(session)).encode())

    def append(self, batch: Batch) -> None:
        """Append a batch; when this returns, it survives a crash and a power cut."""
        counts = np.ascontiguousarray(batch.counts.T, dtype="<i4")
        payload = _COUNTS.pack(len(batch.blocks), len(batch.counts)) + batch.blocks.tobytes() + counts.tobytes()
        self._append(Kind.BATCH, payload, len(batch.counts))
        self._holds = True

    def cut_to(self, size: int) -> None:
        """Drop what a writer that was killed had half written, and go on after `size` bytes."""
        with self._explained():
            os.ftruncate(self._fd, size)
            os.lseek(self._fd, size, os.SEEK_SET)

    def _append(self, kind: Kind, payload: bytes, samples: int = 0) -> None:
        data = memoryview(_HEAD.pack(MAGIC, kind, len(payload), _crc(kind, payload)) + payload)
        with self._explained(samples):
            while data:
                data = data[os.write(self._fd, data) :]
            os.fsync(self._fd)

    def close(self) -> None:
        """Free it."""
        os.close(self._fd)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class JournalReader:
    """Reads a journal in order, as often as it is iterated over, a record in memory at a time.

    Bytes that are no record are passed over and counted, so that damage costs only what it hit: after an iteration
    `damaged_bytes` are those before the last good record, and what follows `good_bytes` is its torn end.

    Raises:
        RecordingError: NOT_FOUND or UNREADABLE if there is no such file, or not one good record in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged_bytes = 0
        self.good_bytes = 0

    def __iter__(self) -> Iterator[Session | Batch]:
        self.damaged_bytes = self.good_bytes = 0
        try:
            with self.path.open("rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    raise self._no_journal()
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    yield from self._records(content)
        except OSError as error:
            raise RecordingError(RecordingReason.NOT_FOUND, f"cannot read {self.path}: {error.strerror}") from error

    def _records(self, content: mmap.mmap) -> Iterator[Session | Batch]:
        at = 0
        while (at := content.find(MAGIC, at)) >= 0:
            payload = _payload(content, at)
            if payload is None:
                at += 1
                continue
            try:
                record = _decode(content[at + len(MAGIC)], payload)
            except (ValueError, KeyError, TypeError, struct.error):
                at += 1  # its CRC is right, and yet no writer of ours made it
                continue
            self.damaged_bytes += at - self.good_bytes
            at += _HEAD.size + len(payload)
            self.good_bytes = at
            if record is not None:
                yield record
        if not self.good_bytes:
            raise self._no_journal()

    def _no_journal(self) -> RecordingError:
        return RecordingError(
            RecordingReason.UNREADABLE, f"{self.path} is no interrupted recording, or empty: delete it to begin anew"
        )


def _payload(content: mmap.mmap, at: int) -> bytes | None:
    """That of the record at `at`, None if it is cut short or damaged."""
    if at + _HEAD.size > len(content):
        return None
    _, kind, length, crc = _HEAD.unpack_from(content, at)
    payload = content[at + _HEAD.size : at + _HEAD.size + length] if length <= MAX_PAYLOAD else b""
    return payload if len(payload) == length and _crc(kind, payload) == crc else None


def _decode(kind: int, payload: bytes) -> Session | Batch | None:
    """None for a record of a kind that a later version may add."""
    if kind == Kind.SESSION:
        names = json.loads(payload)
        return Session(str(names["subject"]), str(names["session"]))
    if kind != Kind.BATCH:
        return None
    blocks, samples = _COUNTS.unpack_from(payload)
    rows = np.frombuffer(payload, BLOCK, blocks, _COUNTS.size)
    counts = np.frombuffer(payload, "<i4", 2 * samples, _COUNTS.size + rows.nbytes)
    return Batch(rows, counts.reshape(2, samples).T)


def _crc(kind: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(bytes([kind])))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(path: Path, why: str) -> CommandError:
    """The error of a file that cannot be written."""
    return CommandError(CommandReason.UNWRITABLE, f"cannot write {path}: {why}")
