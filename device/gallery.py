"""The gallery: who is enrolled, in one SQLite file on the device.

Written in transactions with a write-ahead log, checked when opened, readable by its owner only (0600 in
0700). Templates are plain float32 values, NOT encrypted: whoever can read the file or the disk has them.
Protection of templates at rest is a later piece of work; until then the file's permissions are all there
is.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.errors import GalleryError, GalleryReason
from device.person_names import MAX_NAME_CHARACTERS, checked_name, composed
from device.user_data import user_data_folder

SCHEMA_VERSION = 1
APPLICATION_ID = 0x504C534B  # "PLSK": tells our file from another program's database.
_BUSY_SECONDS = 5.0

_SCHEMA = """
CREATE TABLE templates (
    name TEXT PRIMARY KEY NOT NULL,
    model_id TEXT NOT NULL,
    embedding BLOB NOT NULL,
    good_windows INTEGER NOT NULL,
    enrolled_at_utc TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the gallery, without the template."""

    name: str
    model_id: str
    good_windows: int
    enrolled_at_utc: str


@dataclass(frozen=True, slots=True)
class References:
    """What a probe is compared with: names and their references (m, d) float32, of one model."""

    names: tuple[str, ...]
    embeddings: NDArray[np.float32]


def default_gallery_path() -> Path:
    """`$XDG_DATA_HOME/pulsekey/gallery.sqlite`, by default below `~/.local/share`.

    Raises:
        GalleryError: UNWRITABLE, where there is neither.
    """
    folder = user_data_folder()
    if folder is None:
        raise GalleryError(
            GalleryReason.UNWRITABLE, "this user has no home folder: say where the gallery is with --gallery"
        )
    return folder / "gallery.sqlite"


class Gallery:
    """The store of templates; a context manager. Safe for several processes, not for several threads."""

    def __init__(self, path: Path | str | None = None, *, create: bool = True) -> None:
        """Open the store; where there is none, make it, or with `create=False` act as an empty one.

        Raises:
            GalleryError: DAMAGED, FOREIGN, FORMAT_VERSION, BUSY or UNWRITABLE.
        """
        self.path = Path(path) if path is not None else default_gallery_path()
        with self._faults():
            absent = not create and not self.path.exists()
            if not absent:
                _make_private(self.path)
            # Autocommit: every transaction below is begun and ended in the open.
            self._db = sqlite3.connect(":memory:" if absent else self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            with self._faults():
                self._open_schema()
                if not absent and stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                    self.path.chmod(0o600)
        except BaseException:
            self._db.close()
            raise

    def _open_schema(self) -> None:
        self._refuse_foreign()  # before anything is written: it may be another program's file
        for row in self._db.execute("PRAGMA integrity_check(1)"):
            if row[0] != "ok":
                raise sqlite3.DatabaseError(row[0])
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            if not self._refuse_foreign():
                self._db.execute(_SCHEMA)
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _refuse_foreign(self) -> bool:
        """Whether there is a gallery already; False where the file is still empty."""
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if (version, application, tables) == (0, 0, 0):
            return False
        if application != APPLICATION_ID:
            raise GalleryError(
                GalleryReason.FOREIGN, f"{self.path} is another program's database: give another --gallery"
            )
        if version != SCHEMA_VERSION:
            raise GalleryError(
                GalleryReason.FORMAT_VERSION,
                f"gallery {self.path} has version {version}, this pulsekey knows {SCHEMA_VERSION}: "
                "use the pulsekey that wrote it, or another --gallery",
            )
        return True

    def close(self) -> None:
        """Close the store; harmless if repeated."""
        self._db.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def people(self) -> list[Person]:
        """Everybody enrolled, by name."""
        with self._faults():
            rows = self._db.execute(
                "SELECT name, model_id, good_windows, enrolled_at_utc FROM templates ORDER BY name"
            ).fetchall()
        return [Person(*row) for row in rows]

    def references(self, model_id: str) -> References:
        """The references to compare a probe with; never across models.

        Raises:
            GalleryError: EMPTY, OTHER_MODEL or DAMAGED.
        """
        with self._faults():
            rows = self._db.execute("SELECT name, model_id, embedding FROM templates ORDER BY name").fetchall()
        if not rows:
            raise GalleryError(
                GalleryReason.EMPTY,
                f"nobody is enrolled in {self.path}: enrol first, `pulsekey enrol NAME --port PORT`",
            )
        self._refuse_other_models([(row[0], row[1]) for row in rows], model_id)
        embeddings = [self._embedding(name, blob) for name, _, blob in rows]
        if len({len(embedding) for embedding in embeddings}) != 1:
            raise GalleryError(GalleryReason.DAMAGED, f"gallery {self.path}: templates of different sizes")
        return References(tuple(row[0] for row in rows), np.stack(embeddings))

    def check_free(self, name: str, model_id: str) -> str:
        """The checked name, if it can be enrolled now (asked before a person sits through an enrolment).

        Raises:
            GalleryError: INVALID_NAME, ALREADY_ENROLLED or OTHER_MODEL.
        """
        name = checked_name(name)
        people = self.people()
        if name in {person.name for person in people}:
            raise GalleryError(
                GalleryReason.ALREADY_ENROLLED,
                f"{name!r} is already enrolled: choose another name, or `pulsekey forget` it first",
            )
        self._refuse_other_models([(person.name, person.model_id) for person in people], model_id)
        return name

    def enrol(self, name: str, model_id: str, reference: NDArray[np.float32], good_windows: int) -> None:
        """Store one person's reference (d,), wholly or not at all.

        Raises:
            GalleryError: INVALID_NAME, ALREADY_ENROLLED, OTHER_MODEL, BUSY or UNWRITABLE.
        """
        blob = np.ascontiguousarray(reference, dtype="<f4").tobytes()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._faults(), self._transaction():
            name = self.check_free(name, model_id)
            self._db.execute("INSERT INTO templates VALUES (?, ?, ?, ?, ?)", (name, model_id, blob, good_windows, now))

    def forget(self, name: str) -> None:
        """Remove one person.

        Raises:
            GalleryError: UNKNOWN_NAME, BUSY or UNWRITABLE.
        """
        name = composed(name)
        with self._faults(), self._transaction():
            if self._db.execute("DELETE FROM templates WHERE name = ?", (name,)).rowcount != 1:
                raise GalleryError(
                    GalleryReason.UNKNOWN_NAME,
                    f"{name[:MAX_NAME_CHARACTERS]!r} is not enrolled in {self.path}: see `pulsekey list`",
                )
        with self._faults():
            # Empties the log, where the forgotten template would otherwise stay until the next checkpoint.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _embedding(self, name: str, blob: bytes) -> NDArray[np.float32]:
        embedding = np.frombuffer(blob, dtype="<f4") if len(blob) % 4 == 0 else np.empty(0, dtype="<f4")
        if not embedding.size or not abs(float(np.linalg.norm(embedding)) - 1.0) < 1e-3:
            raise GalleryError(
                GalleryReason.DAMAGED,
                f"gallery {self.path}: the template of {name!r} is damaged: enrol again",
            )
        return embedding.astype(np.float32)

    def _refuse_other_models(self, enrolled: list[tuple[str, str]], model_id: str) -> None:
        strangers = [(name, other) for name, other in enrolled if other != model_id]
        if strangers:
            name, other = strangers[0]
            raise GalleryError(
                GalleryReason.OTHER_MODEL,
                f"{name!r} was enrolled with model {other}, this bundle is {model_id}: use that bundle, "
                "another --gallery, or forget and enrol again",
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # some faults (a full disk) have already rolled it back
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn SQLite's and the system's errors into one line each."""
        try:
            yield
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from None
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise GalleryError(
                    GalleryReason.BUSY, f"gallery {self.path} is in use by another program: try again"
                ) from None
            raise self._unwritable(str(error)) from None
        except sqlite3.DatabaseError as error:
            raise GalleryError(
                GalleryReason.DAMAGED,
                f"gallery {self.path} is damaged ({' '.join(str(error).split())}): restore a copy, or use "
                "another --gallery",
            ) from None

    def _unwritable(self, why: str) -> GalleryError:
        return GalleryError(GalleryReason.UNWRITABLE, f"cannot open or write gallery {self.path}: {why}")


def _make_private(path: Path) -> None:
    """Create folder (0700) and file (0600) before SQLite can, which follows the umask; WAL files inherit."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
