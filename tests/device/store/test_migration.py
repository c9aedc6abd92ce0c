"""Stores of the plain format become encrypted ones: once, whole or not at all."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import GalleryReason
from device.gallery import Gallery, Person
from device.store import store
from device.store.state_file import state_path

# As pulsekey 0.1.0 wrote it.
PLAIN = """
CREATE TABLE templates (
    name TEXT PRIMARY KEY NOT NULL,
    model_id TEXT NOT NULL,
    embedding BLOB NOT NULL,
    good_windows INTEGER NOT NULL,
    enrolled_at_utc TEXT NOT NULL
) STRICT
"""


@pytest.fixture
def plain(path: Path, reference: Any) -> Path:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(PLAIN)
    db.execute(f"PRAGMA application_id = {0x504C534B}")
    db.execute("PRAGMA user_version = 1")
    for seed in range(20):
        values = (f"person {seed:02}", "m1", reference(seed).tobytes(), 20 + seed, "2026-11-01T10:00:00+00:00")
        db.execute("INSERT INTO templates VALUES (?, ?, ?, ?, ?)", values)
    db.close()
    return path


def test_everybody_is_still_there_and_nothing_is_in_the_clear(plain: Path, reference: Any) -> None:
    for _ in range(2):
        with Gallery(plain) as gallery:
            content = b"".join(file.read_bytes() for file in plain.parent.iterdir() if file.is_file())
            assert b"person 0" not in content
            assert all(reference(seed).tobytes()[:16] not in content for seed in range(20))
            references = gallery.references("m1")
            np.testing.assert_array_equal(references.embeddings, np.stack([reference(seed) for seed in range(20)]))
            assert gallery.people()[3] == Person("person 03", "m1", 23, "2026-11-01T10:00:00+00:00")
            assert [entry.outcome for entry in gallery.log_entries()] == ["encrypted"]


def test_listing_is_enough(plain: Path) -> None:
    with Gallery(plain, create=False) as gallery:
        assert len(gallery.people()) == 20


def test_a_crash_leaves_the_plain_store_as_it_was(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = plain.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(store.Log, "append", crash)
        with pytest.raises(KeyboardInterrupt):
            Gallery(plain)
    assert plain.read_bytes() == before
    with Gallery(plain) as gallery:
        assert len(gallery.people()) == 20


def test_a_damaged_template_is_named_and_nobody_lost(plain: Path, attack: Any, refuses: Any) -> None:
    attack(plain, "UPDATE templates SET embedding = zeroblob(384) WHERE name = 'person 07'")
    with refuses(GalleryReason.DAMAGED, "'person 07'"):
        Gallery(plain)
    assert attack(plain, "SELECT count(*) FROM templates") == [(20,)]


def test_a_plain_store_in_the_place_of_an_encrypted_one_is_refused(plain: Path, refuses: Any, tmp_path: Path) -> None:
    """Or whoever can write the file could put in whom they like."""
    kept = plain.read_bytes()
    Gallery(plain).close()
    plain.write_bytes(kept)
    with refuses(GalleryReason.ROLLED_BACK, "an old, plain one", str(state_path(plain))):
        Gallery(plain)
    assert plain.read_bytes() == kept
