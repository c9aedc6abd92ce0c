"""The people of a store: sealed rows, among dummies that nobody can tell from them without the key.

Every change writes all rows anew, in another order and under fresh nonces: which of them changed, whether somebody was
added, updated or removed, and how many are real cannot be seen from two copies of the file. Each row is bound to its
place and to the write that it was part of, so one that was changed, moved or kept from earlier does not open. A
household's rows are some 50 kB.
"""

import json
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import GalleryError, GalleryReason
from device.store import transform
from device.store.database import FIXED_VERSION, FORMAT_VERSION, Database
from device.store.head import WRITE_BYTES, Head
from device.store.keys import StoreKeys
from device.store.sealing import MAC_BYTES, Altered, mac, padded, same, seal, unpadded, unseal

ROWS = 16  # The number of rows is a multiple of it; it never falls, since that would tell of the people too.
_PERSON_BLOCK = 1024  # The longest name in the longest encoding, and all else, with room.

PEOPLE_SCHEMA = """
CREATE TABLE people (
    place INTEGER PRIMARY KEY,
    name_mac BLOB NOT NULL UNIQUE,
    person BLOB NOT NULL,
    template BLOB NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One person as stored: anchor and template, (d,) each, are turned alike, and `salt` says how."""

    name: str
    model_id: str
    good_windows: int
    enrolled_at_utc: str
    salt: bytes
    anchor: NDArray[np.float64]
    """The reference as enrolled."""
    template: NDArray[np.float64]
    """The reference in use, which may have moved since."""


class People:
    """The rows of one store, within a transaction of it."""

    def __init__(
        self, db: Database, store_id: bytes, keys: StoreKeys, head: Head, version: int = FORMAT_VERSION
    ) -> None:
        """`version`: FIXED_VERSION reads the rows of such a store; they are written in this one's format only."""
        self._db = db
        self._version = version
        self._id = store_id
        self._keys = keys
        self._head = head

    def all(self) -> list[Record]:
        """Everybody, by name.

        Raises:
            GalleryError: ALTERED, naming the row or the person.
        """
        self._check_places()
        rows = self._db.execute("SELECT place, name_mac, person, template FROM people").fetchall()
        return sorted((one for row in rows if (one := self._opened(*row))), key=lambda one: one.name)

    def find(self, name: str) -> Record | None:
        """One person, without opening anybody else's template.

        Raises:
            GalleryError: ALTERED, naming the row or the person.
        """
        row = self._db.execute(
            "SELECT place, name_mac, person, template FROM people WHERE name_mac = ?", (self._name_mac(name),)
        ).fetchone()
        if row is None:
            self.all()  # nobody of that name, unless somebody has been at the rows
            return None
        self._check_places()
        return self._opened(*row)

    def write(self, records: Sequence[Record]) -> None:
        """Replace everybody.

        Raises:
            GalleryError: DAMAGED, where the templates are not of one size.
        """
        sizes = {len(record.template) for record in records} or {self._head.embedding_size}
        if len(sizes) != 1:
            raise GalleryError(GalleryReason.DAMAGED, f"gallery {self._db.path}: templates of different sizes")
        self._head.people_write = os.urandom(WRITE_BYTES)
        self._head.rows = max(self._head.rows, -(-len(records) // ROWS) * ROWS)
        (self._head.embedding_size,) = sizes
        self._db.execute("DELETE FROM people")
        for place, record in enumerate(_shuffled(records, self._head.rows)):
            self._db.execute("INSERT INTO people VALUES (?, ?, ?, ?)", self._closed(place, record))

    def made(
        self,
        name: str,
        model_id: str,
        reference: NDArray[np.float32],
        good_windows: int,
        enrolled_at_utc: str,
        template: NDArray[np.float32] | None = None,
    ) -> Record:
        """A record of a reference as enrolled (d,), turned as none was before; not written yet.

        `template`: the one in use (d,), by default the same. Both are of unit length.
        """
        salt = os.urandom(transform.SALT_BYTES)
        both = [self._turned(one, salt) for one in (reference, reference if template is None else template)]
        return Record(name, model_id, good_windows, enrolled_at_utc, salt, *both)

    def _turned(self, embedding: NDArray[np.float32], salt: bytes) -> NDArray[np.float64]:
        if not abs(float(np.linalg.norm(embedding)) - 1.0) < 1e-3:
            raise ValueError("a reference must be of unit length")
        return transform.turned(embedding, self._keys.transform, salt)

    def anchor(self, record: Record) -> NDArray[np.float32]:
        """The reference as enrolled, turned back: (d,) of unit length."""
        return transform.turned_back(record.anchor, self._keys.transform, record.salt)

    def reference(self, record: Record) -> NDArray[np.float32]:
        """The reference in use, turned back: (d,) of unit length."""
        return transform.turned_back(record.template, self._keys.transform, record.salt)

    def take_over(self, records: Iterable[Record], source: "People") -> list[Record]:
        """Records of another store or key, turned anew under this one's."""
        return [
            self.made(
                one.name,
                one.model_id,
                source.anchor(one),
                one.good_windows,
                one.enrolled_at_utc,
                source.reference(one),
            )
            for one in records
        ]

    def _closed(self, place: int, record: Record | None) -> tuple[object, ...]:
        if record is None:
            person, templates = b"null", np.zeros(2 * self._head.embedding_size)
            name_mac, context = os.urandom(MAC_BYTES), ("", "")
        else:
            values = [record.name, record.model_id, record.good_windows, record.enrolled_at_utc, record.salt.hex()]
            person = json.dumps(values, ensure_ascii=False).encode("utf-8")
            templates = np.concatenate((record.anchor, record.template))
            name_mac, context = self._name_mac(record.name), (record.name, record.model_id)
        where = self._context(place)
        return (
            place,
            name_mac,
            seal(self._keys.names, padded(person, _PERSON_BLOCK), "person", *where),
            seal(self._keys.templates, templates.astype("<f8").tobytes(), "template", *where, *context),
        )

    def _opened(self, place: int, name_mac: bytes, person: bytes, template: bytes) -> Record | None:
        try:
            values = json.loads(unpadded(unseal(self._keys.names, person, "person", *self._context(place))))
        except Altered:
            raise self._altered(f"row {place} was {self._how(place, person)}") from None
        name, model_id, good_windows, enrolled_at_utc, salt = values or ("", "", 0, "", "")
        whose = f"{name!r} (row {place})" if values else f"row {place}, a dummy,"
        if values and not same(name_mac, self._name_mac(name)):
            raise self._altered(f"what {whose} is found by was altered")
        try:
            content = unseal(self._keys.templates, template, "template", *self._context(place), name, model_id)
        except Altered:
            raise self._altered(f"the template of {whose} was altered or exchanged") from None
        if not values:
            return None
        stored = np.frombuffer(content, dtype="<f8").astype(np.float64)
        both = (stored, stored) if self._version == FIXED_VERSION else np.split(stored, 2)
        return Record(name, model_id, good_windows, enrolled_at_utc, bytes.fromhex(salt), *both)

    def _how(self, place: int, person: bytes) -> str:
        """Whether a row that does not open belongs elsewhere, and whose it is."""
        for other in range(self._head.rows):
            try:
                values = json.loads(unpadded(unseal(self._keys.names, person, "person", *self._context(other))))
            except Altered:
                continue
            whose = "a dummy" if values is None else repr(values[0])
            return f"exchanged: it holds {whose}, of row {other}"
        return "altered, or is an old one"

    def _check_places(self) -> None:
        found = {place for (place,) in self._db.execute("SELECT place FROM people")}
        wrong = sorted(found ^ set(range(self._head.rows)))
        if wrong:
            raise self._altered(f"row {wrong[0]} was {'added' if wrong[0] in found else 'removed'}")

    def _context(self, place: int) -> tuple[int, bytes, bytes, int]:
        return self._version, self._id, self._head.people_write, place

    def _name_mac(self, name: str) -> bytes:
        # Of this write: one that stayed the same would tell the real rows from the dummies.
        return mac(self._keys.lookup, self._id, self._head.people_write, name)

    def _altered(self, what: str) -> GalleryError:
        return altered(self._db.path, what)


def altered(path: Path, what: str) -> GalleryError:
    """Somebody without the key has written to the store."""
    return GalleryError(
        GalleryReason.ALTERED,
        f"gallery {path} was tampered with: {what}; restore a copy that you trust, or enrol all anew in another "
        "--gallery",
    )


def _shuffled(records: Sequence[Record], rows: int) -> list[Record | None]:
    padding: list[Record | None] = [None] * (rows - len(records))
    return random.SystemRandom().sample([*records, *padding], rows)
