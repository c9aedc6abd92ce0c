"""The SQLite file under a store: opened with care, written in transactions, its faults one line each."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from device.errors import GalleryError, GalleryReason

FORMAT_VERSION = 3
FIXED_VERSION = 2  # Sealed alike, with one embedding a person: no template moved.
PLAIN_VERSION = 1  # Templates in the clear, as pulsekey 0.1 wrote them.
APPLICATION_ID = 0x504C534B  # "PLSK": tells our file from another program's database.
CACHE_KIB = 64
"""Of pages kept in memory; SQLite's own 2 MB fill in a day, with log entries that nobody reads again."""
_BUSY_SECONDS = 5.0


class Content(Enum):
    """What is in the file."""

    NOTHING = "nothing"
    PLAIN = "a store in the clear"
    FIXED = "a store without anchors"
    SEALED = "a store"


class Database:
    """One connection. Safe for several processes, not for several threads."""

    def __init__(self, path: Path, *, in_memory: bool = False) -> None:
        """
        Args:
            path: made where it is absent, its folder too, for the owner only.
            in_memory: nothing is read or written there; an empty database.

        Raises:
            GalleryError: DAMAGED, FOREIGN, FORMAT_VERSION, BUSY or UNWRITABLE; the file is as it was then.
        """
        self.path = path
        with self.faults():
            if not in_memory:
                _make_private(path)
            # Autocommit: every transaction below is begun and ended in the open.
            self._db = sqlite3.connect(":memory:" if in_memory else path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            with self.faults():
                self._prepare()
                if not in_memory and stat.S_IMODE(path.stat().st_mode) & 0o077:
                    path.chmod(0o600)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self.content()  # before anything is written: it may be another program's file
        for row in self._db.execute("PRAGMA integrity_check(1)"):
            if row[0] != "ok":
                raise sqlite3.DatabaseError(row[0])
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")

    def content(self) -> Content:
        """What the file holds now.

        Raises:
            GalleryError: FOREIGN, or FORMAT_VERSION for a newer store.
        """
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if (version, application, tables) == (0, 0, 0):
            return Content.NOTHING
        if application != APPLICATION_ID:
            raise GalleryError(
                GalleryReason.FOREIGN, f"{self.path} is another program's database: give another --gallery"
            )
        known = {PLAIN_VERSION: Content.PLAIN, FIXED_VERSION: Content.FIXED, FORMAT_VERSION: Content.SEALED}
        if version not in known:
            raise GalleryError(
                GalleryReason.FORMAT_VERSION,
                f"gallery {self.path} has version {version}, this pulsekey knows {FORMAT_VERSION}: "
                "use the pulsekey that wrote it, or another --gallery",
            )
        return known[version]

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """One statement; within `faults`, so that it cannot fail in SQLite's words."""
        return self._db.execute(statement, values)

    def empty_log(self) -> None:
        """Truncate the write-ahead log, where what was removed would otherwise stay until the next checkpoint."""
        with self.faults():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; harmless if repeated."""
        self._db.close()

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """All or nothing; IMMEDIATE keeps other writers out, DEFERRED only reads, from one state of the file."""
        with self.faults():
            self._db.execute(f"BEGIN {kind}")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:  # some faults (a full disk) have already rolled it back
                    self._db.execute("ROLLBACK")
                raise
            try:
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def faults(self) -> Iterator[None]:
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
        return GalleryError(
            GalleryReason.UNWRITABLE,
            f"cannot open or write gallery {self.path}: {why}; nothing was changed",
        )


def _make_private(path: Path) -> None:
    """Create folder (0700) and file (0600) before SQLite can, which follows the umask; WAL files inherit."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
