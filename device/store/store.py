"""The store: a database, the keys to it, a head that vouches for the whole, and a state file that knows its age."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from device.errors import GalleryError, GalleryReason
from device.store import plain
from device.store.audit import LOG_SCHEMA, Log
from device.store.database import APPLICATION_ID, FIXED_VERSION, FORMAT_VERSION, Content, Database
from device.store.head import HEAD_SCHEMA, Head
from device.store.keys import Derivation, StoreKeys
from device.store.people import PEOPLE_SCHEMA, People, altered
from device.store.sealing import KEY_BYTES, Altered, same, wipe
from device.store.secret import KeySource
from device.store.state_file import (
    State,
    fault_of_age,
    read_state,
    refuse_if_begun_before,
    state_path,
    write_state,
)


@dataclass(frozen=True, slots=True)
class View:
    """What a transaction sees, and changes; `generation` is that after the change."""

    generation: int
    head: Head
    people: People
    log: Log


class Store:
    """One store. Safe for several processes, not for several threads."""

    def __init__(self, path: Path, *, create: bool = True, accept_restored: bool = False) -> None:
        """
        Args:
            path: of the database; key and state lie beside it. A store of an earlier format becomes one of this.
            create: where there is none, make one; otherwise act as an empty one.
            accept_restored: take a store that is older than its state file, or has none, as the newest.

        Raises:
            GalleryError: of any reason but those about one person.
        """
        self.path = path
        self._source = KeySource(path)
        self._lasting = create or path.exists()
        self._keys: StoreKeys | None = None
        self._salt = b""
        self._id = b""
        self._seen = 0
        if not self._lasting:
            refuse_if_begun_before(path, "gone")
        self._db = Database(path, in_memory=not self._lasting)
        try:
            with self._db.faults():
                if self._db.content() in (Content.NOTHING, Content.PLAIN):
                    self._begin()
                if self._keys is None:
                    self._unlock()
                self._check_age(accept_restored=accept_restored)
                if self._db.content() is Content.FIXED:
                    self._add_anchors()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the database and overwrite the keys; harmless if repeated."""
        self._db.close()
        if self._keys is not None:
            self._keys.wipe()

    @contextmanager
    def reading(self) -> Iterator[View]:
        """One consistent state of the store.

        Raises:
            GalleryError: ALTERED, ROLLED_BACK or the database's.
        """
        with self._db.transaction("DEFERRED"):
            yield self._view(*self._read())

    @contextmanager
    def changing(self) -> Iterator[View]:
        """A change, wholly or not at all: what the block does is one new generation.

        Raises:
            GalleryError: ALTERED, ROLLED_BACK or the database's; nothing is changed then.
        """
        with self._db.transaction():
            generation, head = self._read()
            view = self._view(generation + 1, head)
            yield view
            self._write(view)
        self._advance_state()

    def empty_log(self) -> None:
        """Leave nothing of older generations in the write-ahead log."""
        self._db.empty_log()

    def rekey(self, *, passphrase: bool = False) -> None:
        """Encrypt all anew, every template turned another way; with `passphrase` under one from now on.

        Raises:
            GalleryError: EMPTY, NO_KEY, WRONG_KEY, or what `changing` raises; nothing is changed then.
        """
        if not self._lasting:
            raise GalleryError(GalleryReason.EMPTY, f"there is no gallery {self.path}: nothing to encrypt")
        with self._db.faults():
            was_key = not self._derivation().from_passphrase
            derivation = Derivation.fresh(passphrase=passphrase or not was_key)
            by_passphrase = derivation.from_passphrase
            typed = self._source.passphrase(new=True) if by_passphrase else self._source.key()
        keys = self._derived(derivation, typed)
        with self._db.transaction():
            generation, head = self._read()
            old = self._view(generation, head)
            new = self._view(generation + 1, head, keys)
            records, entries = new.people.take_over(old.people.all(), old.people), old.log.entries()
            new.people.write(records)
            new.log.replace(entries)
            new.log.append("rekey", "done")
            self._db.execute(
                "UPDATE store SET salt = ?, scrypt_n = ?, scrypt_r = ?, scrypt_p = ?, key_check = ?",
                (*astuple(derivation), keys.check),
            )
            self._write(new, keys)
        self._own_keys.wipe()
        self._keys, self._salt = keys, derivation.salt
        self._advance_state()
        self.empty_log()
        if was_key and by_passphrase:
            with self._db.faults():
                self._source.key_file.unlink(missing_ok=True)

    @property
    def _own_keys(self) -> StoreKeys:
        if self._keys is None:
            raise RuntimeError("the store is not open")
        return self._keys

    def _begin(self) -> None:
        """Make a store of an empty file or a plain store, unless another process does just now."""
        with self._db.transaction():
            content = self._db.content()
            if content not in (Content.NOTHING, Content.PLAIN):
                return
            if self._lasting:
                refuse_if_begun_before(self.path, "empty" if content is Content.NOTHING else "an old, plain one")
            by_passphrase = self._lasting and self._source.wants_passphrase
            derivation = Derivation.fresh(passphrase=by_passphrase)
            keys = self._derived(derivation, self._first_secret(by_passphrase=by_passphrase))
            self._id, head = os.urandom(16), Head()
            view = self._view(1, head, keys)
            records = plain.take_over(self._db, view.people) if content is Content.PLAIN else []
            if self._lasting:  # generation 0: begun, but perhaps never finished
                write_state(self.path, head.state_key, self._id, 0)
            for statement in (HEAD_SCHEMA, PEOPLE_SCHEMA, LOG_SCHEMA):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            self._db.execute(
                "INSERT INTO store VALUES (?, ?, ?, ?, ?, ?, 0, x'')", (self._id, *astuple(derivation), keys.check)
            )
            if records:
                view.people.write(records)
            view.log.append("store", "encrypted" if content is Content.PLAIN else "made")
            self._write(view, keys)
        self._keys, self._salt = keys, derivation.salt
        if content is Content.PLAIN:
            self.empty_log()

    def _add_anchors(self) -> None:
        """Give everybody of a store whose templates never moved an anchor, unless another process does just now."""
        with self._db.transaction():
            if self._db.content() is not Content.FIXED:
                return
            generation, head = self._read()
            records = People(self._db, self._id, self._own_keys, head, FIXED_VERSION).all()
            view = self._view(generation + 1, head)
            view.people.write(records)
            self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            view.log.append("store", "anchors added")
            self._write(view)
        self._advance_state()

    def _first_secret(self, *, by_passphrase: bool) -> bytearray:
        if not self._lasting:
            return bytearray(os.urandom(KEY_BYTES))
        return self._source.passphrase(new=True) if by_passphrase else self._source.made_key()

    def _derivation(self) -> Derivation:
        return Derivation(*self._db.execute("SELECT salt, scrypt_n, scrypt_r, scrypt_p FROM store").fetchone())

    def _derived(self, derivation: Derivation, typed: bytearray) -> StoreKeys:
        try:
            secret = derivation.secret_of(typed)
        except ValueError as error:
            raise altered(self.path, str(error)) from None
        keys = StoreKeys(secret, derivation.salt)
        wipe(typed, secret)
        return keys

    def _unlock(self) -> None:
        row = self._db.execute("SELECT id, key_check FROM store").fetchone()
        if row is None:
            raise altered(self.path, "its head was removed")
        derivation = self._derivation()
        by_passphrase = derivation.from_passphrase
        keys = self._derived(derivation, self._source.passphrase() if by_passphrase else self._source.key())
        self._id, check = row
        if not same(keys.check, check):
            keys.wipe()
            what = "that is not the passphrase" if by_passphrase else f"{self._source.place} is not the key"
            raise GalleryError(GalleryReason.WRONG_KEY, f"{what} of gallery {self.path}: use the one it was made with")
        self._keys, self._salt = keys, derivation.salt

    def _read(self) -> tuple[int, Head]:
        row = self._db.execute("SELECT salt, generation, head FROM store").fetchone()
        if row is None:
            raise altered(self.path, "its head was removed")
        salt, generation, sealed = row
        if salt != self._salt:
            raise GalleryError(
                GalleryReason.BUSY, f"another program has just changed the keys of gallery {self.path}: start again"
            )
        if generation < self._seen:
            raise self._rolled_back(f"is older than a moment ago (change {generation}, not {self._seen})")
        try:
            head = Head.unsealed(sealed, self._own_keys, self._id, generation)
        except Altered:
            raise altered(self.path, "its head was altered") from None
        self._seen = generation
        return generation, head

    def _view(self, generation: int, head: Head, keys: StoreKeys | None = None) -> View:
        parts = self._db, self._id, keys or self._own_keys, head
        return View(generation, head, People(*parts), Log(*parts))

    def _write(self, view: View, keys: StoreKeys | None = None) -> None:
        sealed = view.head.sealed(keys or self._own_keys, self._id, view.generation)
        self._db.execute("UPDATE store SET generation = ?, head = ?", (view.generation, sealed))

    def _check_age(self, *, accept_restored: bool) -> None:
        if not self._lasting:
            return
        state = read_state(self.path)  # first: the store may go on meanwhile, and is never behind its state
        with self._db.transaction("DEFERRED"):
            generation, head = self._read()
        fault = fault_of_age(self.path, state, self._id, generation, head.state_key)
        if fault:
            if not accept_restored:
                raise self._rolled_back(fault)
            self._accept(state)
        elif state is not None and state.generation < generation:  # cut off between the two
            self._advance_state()

    def _accept(self, state: State | None) -> None:
        with self._db.transaction():
            generation, head = self._read()
            # Past the other's age, if it is this store's, so that the one given up is an old copy from now on.
            known = state.generation if state is not None and state.proved_by(head.state_key) else 0
            view = self._view(max(generation, known) + 1, head)
            view.log.append("store", "restored copy accepted")
            self._write(view)
        self._advance_state()

    def _advance_state(self) -> None:
        """Bring the state file up to the store; under the write lock, so that it never goes back."""
        if not self._lasting:
            return
        try:
            with self._db.transaction():
                generation, head = self._read()
                try:
                    write_state(self.path, head.state_key, self._id, generation)
                except OSError as error:
                    raise GalleryError(
                        GalleryReason.UNWRITABLE,
                        f"gallery {self.path} was changed, but {state_path(self.path)} could not be written "
                        f"({error.strerror}): make room; the next use puts it right",
                    ) from None
        except GalleryError as error:
            if error.reason is not GalleryReason.BUSY:  # whoever is writing now does it
                raise

    def _rolled_back(self, what: str) -> GalleryError:
        return GalleryError(
            GalleryReason.ROLLED_BACK,
            f"gallery {self.path} {what}: if it was you who put it back, `pulsekey rekey --accept-restored`; "
            "otherwise trust nobody in it, and enrol all anew in another --gallery",
        )
