"""What somebody with the file and without the key sees: nothing of who is enrolled, nor how many."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.gallery import Gallery
from device.store.sealing import joined
from device.store.transform import orthonormal, turned, turned_back


def rows(path: Path) -> list[tuple[bytes, bytes, bytes]]:
    db = sqlite3.connect(path)
    found = db.execute("SELECT name_mac, person, template FROM people ORDER BY place").fetchall()
    db.close()
    return found


def test_neither_template_nor_name_nor_model_is_in_any_file(path: Path, reference: Any) -> None:
    names = "Annabelle", "Benedict", "Evangeline"  # no ciphertext holds eight such bytes by chance; three it does
    with Gallery(path) as gallery:
        for seed, name in enumerate(names):
            gallery.enrol(name, "model-m1", reference(seed), 20)
    with Gallery(path):  # with its write-ahead log
        content = b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    for seed, name in enumerate(names):
        assert name.encode() not in content
        for kind in ("<f4", "<f8"):
            raw = reference(seed).astype(kind).tobytes()
            assert all(raw[at : at + 8] not in content for at in range(0, len(raw), 8))
    assert b"model-m1" not in content


@pytest.mark.parametrize(("people", "expected"), [(0, 0), (1, 16), (2, 16), (16, 16), (17, 32)])
def test_only_a_padded_number_of_people_is_seen(path: Path, reference: Any, people: int, expected: int) -> None:
    with Gallery(path) as gallery:
        for seed in range(people):
            gallery.enrol(f"person {seed}", "m1", reference(seed), 20)
    assert len(rows(path)) == expected


def test_the_number_of_rows_does_not_fall(path: Path, reference: Any) -> None:
    with Gallery(path) as gallery:
        for seed in range(17):
            gallery.enrol(f"person {seed}", "m1", reference(seed), 20)
        for seed in range(17):
            gallery.forget(f"person {seed}")
        assert gallery.people() == []
    assert len(rows(path)) == 32


def test_real_rows_and_dummies_have_the_same_lengths(path: Path, reference: Any) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(0), 20)
        gallery.enrol('"' * 64, "m1", reference(2), 123456)
        gallery.enrol("\u674e" * 64, "m1", reference(3), 1)
    assert {tuple(map(len, row)) for row in rows(path)} == {(32, 1024 + 28, 2 * 96 * 8 + 28)}


def test_a_change_leaves_no_row_as_it_was(enrolled: Path, reference: Any) -> None:
    before = {part for row in rows(enrolled) for part in row}
    with Gallery(enrolled) as gallery:
        gallery.update("Ben", reference(7), 20)
    assert not before & {part for row in rows(enrolled) for part in row}


def test_nothing_forgotten_stays_in_the_files(enrolled: Path) -> None:
    before = {part for row in rows(enrolled) for part in row}
    with Gallery(enrolled) as gallery:
        gallery.forget("Ben")
        content = b"".join(file.read_bytes() for file in enrolled.parent.iterdir() if file.is_file())
    assert not any(part in content for part in before)


def test_the_rotation_is_orthonormal_and_hides_nothing_from_the_key(reference: Any) -> None:
    key = bytearray(range(32))
    matrix = orthonormal(key, b"a", 96)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(96), atol=1e-13)
    for seed in range(50):
        np.testing.assert_array_equal(turned_back(turned(reference(seed), key, b"a"), key, b"a"), reference(seed))


def test_another_enrolment_is_turned_another_way(reference: Any) -> None:
    """Cosines of one reference under many rotations scatter as those of strangers: mean 0, deviation 1/sqrt(96)."""
    one, key = reference(0), bytearray(range(32))
    turns = np.stack([turned(one, key, bytes([salt])) for salt in range(100)])
    cosines = (turns @ turns.T)[np.triu_indices(100, 1)]
    assert abs(cosines.mean()) < 0.01
    assert cosines.std() == pytest.approx(1 / np.sqrt(96), rel=0.05)


def test_a_store_that_is_encrypted_anew_gives_the_same_references(enrolled: Path, reference: Any) -> None:
    before = {part for row in rows(enrolled) for part in row}
    with Gallery(enrolled) as gallery:
        entries = gallery.log_entries()
        gallery.store.rekey()
        references = gallery.references("m1").embeddings
        after = gallery.log_entries()
    np.testing.assert_array_equal(references, np.stack([reference(seed) for seed in range(3)]))
    assert after[:-1] == entries
    assert not before & {part for row in rows(enrolled) for part in row}
    with Gallery(enrolled) as gallery:
        np.testing.assert_array_equal(gallery.references("m1").embeddings, references)


def test_contexts_cannot_be_mistaken_for_each_other() -> None:
    contexts: list[tuple[Any, ...]] = [("ab", "c"), ("a", "bc"), (b"ab", "c"), ("ab", b"c"), (1, 2), (12,), ("1", 2)]
    assert len({joined(*context) for context in contexts}) == len(contexts)


def test_keys_are_overwritten_when_it_is_closed(enrolled: Path) -> None:
    gallery = Gallery(enrolled)
    keys = gallery.store._own_keys
    held = [value for value in vars(keys).values() if isinstance(value, bytearray)]
    assert len(held) == 8
    assert all(any(key) for key in held)
    gallery.close()
    assert not any(any(key) for key in held)


def test_the_log_cannot_be_read(enrolled: Path, copies: Callable[[Path], dict[Path, bytes]]) -> None:
    with Gallery(enrolled) as gallery:
        gallery.log("decision", "identified", "Ann")
        entry = gallery.log_entries()[-1]
    assert (entry.event, entry.outcome, entry.person) == ("decision", "identified", "Ann")
    assert b"identified" not in b"".join(copies(enrolled).values())
