"""Stores of earlier formats become ones of this: once, whole or not at all."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import GalleryReason
from device.gallery import Gallery, Person
from device.store import store
from device.store.sealing import seal, unpadded, unseal
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


@pytest.fixture
def fixed(enrolled: Path) -> Path:
    """Ann, Ben and Eve in a store of format 2, whose rows hold one embedding each."""
    db = sqlite3.connect(enrolled, isolation_level=None)
    with Gallery(enrolled) as gallery:
        with gallery.store.reading() as view:
            where = gallery.store._id, view.head.people_write
        keys = gallery.store._own_keys  # until it is closed
        for place, person, template in db.execute("SELECT place, person, template FROM people").fetchall():
            plain = unseal(keys.names, person, "person", 3, *where, place)
            values = json.loads(unpadded(plain))
            whose = values[:2] if values else ("", "")
            content = unseal(keys.templates, template, "template", 3, *where, place, *whose)
            old = (
                seal(keys.names, plain, "person", 2, *where, place),
                seal(keys.templates, content[: len(content) // 2], "template", 2, *where, place, *whose),
            )
            db.execute("UPDATE people SET person = ?, template = ? WHERE place = ?", (*old, place))
        db.execute("PRAGMA user_version = 2")
    db.close()
    return enrolled


def test_a_store_without_anchors_gets_them(fixed: Path, reference: Any) -> None:
    expected = np.stack([reference(seed) for seed in range(3)])
    for _ in range(2):
        with Gallery(fixed, create=False) as gallery:
            np.testing.assert_array_equal(gallery.references("m1").embeddings, expected)
            np.testing.assert_array_equal(gallery.as_enrolled("Ben", "m1"), reference(1))
            assert [entry.outcome for entry in gallery.log_entries()] == [
                "made",
                "done",
                "done",
                "done",
                "anchors added",
            ]
    with Gallery(fixed) as gallery:
        gallery.enrol("Zoe", "m1", reference(9), 20)
        assert len(gallery.people()) == 4


def test_a_crash_leaves_a_store_without_anchors_as_it_was(
    fixed: Path, attack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = attack(fixed, "SELECT * FROM people ORDER BY place")
    with monkeypatch.context() as patched:
        patched.setattr(store.Log, "append", crash)
        with pytest.raises(KeyboardInterrupt):
            Gallery(fixed)
    assert attack(fixed, "SELECT * FROM people ORDER BY place") == before
    with Gallery(fixed) as gallery:
        assert len(gallery.people()) == 3


@pytest.mark.parametrize("forgotten", [(), ("Ann",)])
def test_an_old_store_without_anchors_is_not_made_the_newest(
    fixed: Path, copies: Callable[[Path], dict[Path, bytes]], refuses: Any, forgotten: tuple[str, ...]
) -> None:
    old = copies(fixed)
    with Gallery(fixed) as gallery:
        for name in forgotten:
            gallery.forget(name)
    for file, content in old.items():
        if not file.name.endswith(".state"):
            file.write_bytes(content)
    with refuses(GalleryReason.ROLLED_BACK, "old copy"):
        Gallery(fixed)


def test_an_altered_store_without_anchors_is_told(fixed: Path, attack: Any, refuses: Any) -> None:
    attack(fixed, "UPDATE people SET template = zeroblob(796) WHERE place = 3")
    with refuses(GalleryReason.ALTERED, "row 3"):
        Gallery(fixed)
