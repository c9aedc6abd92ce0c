"""The audit log: what was decided and changed, when and about whom; no score, no embedding, no signal.

Entries are sealed, and chained by an HMAC whose newest link is kept in the sealed head: an entry that was altered,
moved, removed or cut off at the end is found and named. The oldest go when there are too many, and the chain begins
after them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from device.errors import GalleryError
from device.store.database import Database
from device.store.head import Head
from device.store.keys import StoreKeys
from device.store.people import altered
from device.store.sealing import Altered, mac, padded, same, seal, unpadded, unseal

KEPT = 10_000  # Some 4 MB, a day of one decision each 9 s: an SD card must not fill up.
LOG_SCHEMA = """
CREATE TABLE log (
    number INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL,
    link BLOB NOT NULL
) STRICT
"""
_BLOCK = 384  # Above the longest entry, so that no length tells whom it is about.


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `person` is empty where it is about nobody enrolled."""

    number: int
    time_utc: str
    event: str
    outcome: str
    person: str


class Log:
    """The log of one store, within a transaction of it."""

    def __init__(self, db: Database, store_id: bytes, keys: StoreKeys, head: Head) -> None:
        self._db = db
        self._id = store_id
        self._keys = keys
        self._head = head

    def append(self, event: str, outcome: str, person: str = "", *, time_utc: str | None = None) -> None:
        """Add an entry, by default of now."""
        time_utc = time_utc or datetime.now(UTC).isoformat(timespec="seconds")
        number = self._head.log_next
        content = json.dumps([time_utc, event, outcome, person], ensure_ascii=False).encode("utf-8")
        sealed = seal(self._keys.log, padded(content, _BLOCK), "log", self._id, number)
        self._head.log_chain = self._link(self._head.log_chain, number, sealed)
        self._head.log_next = number + 1
        self._db.execute("INSERT INTO log VALUES (?, ?, ?)", (number, sealed, self._head.log_chain))
        if self._head.log_next - self._head.log_first > KEPT:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = self._head.log_first
        row = self._db.execute("SELECT link FROM log WHERE number = ?", (oldest,)).fetchone()
        if row is None:
            raise altered(self._db.path, f"log entry {oldest} was removed")
        self._head.log_anchor, self._head.log_first = row[0], oldest + 1
        self._db.execute("DELETE FROM log WHERE number = ?", (oldest,))

    def entries(self) -> list[Entry]:
        """Every entry that is kept, oldest first, after the whole chain has been checked.

        Raises:
            GalleryError: ALTERED, naming the entry.
        """
        rows = self._db.execute("SELECT number, sealed, link FROM log ORDER BY number").fetchall()
        found = {row[0] for row in rows}
        expected = range(self._head.log_first, self._head.log_next)
        wrong = sorted(found ^ set(expected))
        if wrong:
            raise self._altered(wrong[0], "added" if wrong[0] in found else "removed")
        link = self._head.log_anchor
        entries = []
        for number, sealed, stored in rows:
            link = self._link(link, number, sealed)
            if not same(link, stored):
                raise self._altered(number, "altered or moved")
            entries.append(self._opened(number, sealed))
        if not same(link, self._head.log_chain):
            raise self._altered(self._head.log_next - 1, "altered or moved")
        return entries

    def replace(self, entries: Iterable[Entry]) -> None:
        """Write entries anew, under other keys; their numbers stay."""
        self._db.execute("DELETE FROM log")
        self._head.log_next, self._head.log_chain = self._head.log_first, self._head.log_anchor
        for one in entries:
            self.append(one.event, one.outcome, one.person, time_utc=one.time_utc)

    def _opened(self, number: int, sealed: bytes) -> Entry:
        try:
            content = json.loads(unpadded(unseal(self._keys.log, sealed, "log", self._id, number)))
        except Altered:
            raise self._altered(number, "altered or moved") from None
        return Entry(number, *content)

    def _link(self, before: bytes, number: int, sealed: bytes) -> bytes:
        return mac(self._keys.chain, self._id, before, number, sealed)

    def _altered(self, number: int, how: str) -> GalleryError:
        return altered(self._db.path, f"log entry {number} was {how}")
