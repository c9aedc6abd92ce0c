"""What somebody who can write the file and has no key can do: nothing that is not found and named."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.errors import GalleryReason
from device.gallery import Gallery
from device.store.people import Record

Attack = Callable[..., list[Any]]


def place_of(path: Path, name: str) -> int:
    """Where a person's row is, which only the key can tell."""
    with Gallery(path) as gallery, gallery.store.reading() as view:
        people = view.people
        for row in people._db.execute("SELECT place, name_mac, person, template FROM people"):
            opened = people._opened(*row)
            if isinstance(opened, Record) and opened.name == name:
                return int(row[0])
    raise AssertionError(name)


def read_all(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.references("m1")


def flipped(blob: bytes) -> bytes:
    at = random.Random(len(blob)).randrange(len(blob))
    return blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]


@pytest.mark.parametrize(
    ("column", "told"), [("template", "'Ben'"), ("name_mac", "'Ben'"), ("person", "altered, or is an old one")]
)
def test_an_altered_row_is_named(enrolled: Path, attack: Attack, refuses: Any, column: str, told: str) -> None:
    place = place_of(enrolled, "Ben")
    ((blob,),) = attack(enrolled, f"SELECT {column} FROM people WHERE place = ?", place)
    attack(enrolled, f"UPDATE people SET {column} = ? WHERE place = ?", flipped(blob), place)
    with refuses(GalleryReason.ALTERED, told, f"row {place}", "restore a copy"):
        read_all(enrolled)
    with Gallery(enrolled) as gallery:
        with refuses(GalleryReason.ALTERED, f"row {place}"):
            gallery.reference_of("Ben", "m1")
        with refuses(GalleryReason.ALTERED, f"row {place}"):
            gallery.forget("Ann")


def test_exchanged_templates_are_named(enrolled: Path, attack: Attack, refuses: Any) -> None:
    ann, ben = place_of(enrolled, "Ann"), place_of(enrolled, "Ben")
    ((one,),) = attack(enrolled, "SELECT template FROM people WHERE place = ?", ann)
    ((other,),) = attack(enrolled, "SELECT template FROM people WHERE place = ?", ben)
    attack(enrolled, "UPDATE people SET template = ? WHERE place = ?", other, ann)
    attack(enrolled, "UPDATE people SET template = ? WHERE place = ?", one, ben)
    first = "'Ann'" if ann < ben else "'Ben'"
    with refuses(GalleryReason.ALTERED, first, "exchanged"):
        read_all(enrolled)


def test_exchanged_rows_are_named(enrolled: Path, attack: Attack, refuses: Any) -> None:
    ann, ben = place_of(enrolled, "Ann"), place_of(enrolled, "Ben")
    for old, new in ((ann, -1), (ben, ann), (-1, ben)):
        attack(enrolled, "UPDATE people SET place = ? WHERE place = ?", new, old)
    first, holds = min((ann, "'Ben'"), (ben, "'Ann'"))
    with refuses(GalleryReason.ALTERED, f"row {first} was exchanged", holds, f"of row {max(ann, ben)}"):
        read_all(enrolled)


def test_a_row_of_an_older_state_is_named(enrolled: Path, attack: Attack, refuses: Any, reference: Any) -> None:
    old = attack(enrolled, "SELECT name_mac, person, template FROM people WHERE place = 3")[0]
    with Gallery(enrolled) as gallery:
        gallery.update("Ann", reference(9), 20)
    attack(enrolled, "UPDATE people SET name_mac = ?, person = ?, template = ? WHERE place = 3", *old)
    with refuses(GalleryReason.ALTERED, "row 3 was altered, or is an old one"):
        read_all(enrolled)


def test_removed_and_added_rows_are_named(enrolled: Path, attack: Attack, refuses: Any) -> None:
    attack(enrolled, "INSERT INTO people SELECT 16, x'00', person, template FROM people WHERE place = 3")
    with refuses(GalleryReason.ALTERED, "row 16 was added"):
        read_all(enrolled)
    attack(enrolled, "DELETE FROM people WHERE place IN (16, 5)")
    with refuses(GalleryReason.ALTERED, "row 5 was removed"):
        read_all(enrolled)
    with Gallery(enrolled) as gallery, refuses(GalleryReason.ALTERED, "row 5 was removed"):
        gallery.reference_of("Ann", "m1")


@pytest.mark.parametrize("column", ["head", "id"])
def test_an_altered_head_is_named(enrolled: Path, attack: Attack, refuses: Any, column: str) -> None:
    ((blob,),) = attack(enrolled, f"SELECT {column} FROM store")
    attack(enrolled, f"UPDATE store SET {column} = ?", flipped(blob))
    with refuses(GalleryReason.ALTERED, "its head was altered"):
        Gallery(enrolled)


def test_a_generation_that_was_raised_is_found(enrolled: Path, attack: Attack, refuses: Any) -> None:
    attack(enrolled, "UPDATE store SET generation = generation + 1")
    with refuses(GalleryReason.ALTERED, "its head was altered"):
        Gallery(enrolled)


def test_a_head_that_was_removed_is_named(enrolled: Path, attack: Attack, refuses: Any) -> None:
    attack(enrolled, "DELETE FROM store")
    with refuses(GalleryReason.ALTERED, "its head was removed"):
        Gallery(enrolled)


def test_scrypt_that_would_take_all_memory_is_refused(
    enrolled: Path, attack: Attack, refuses: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tmp_path / "words"
    words.write_text("a long passphrase")
    words.chmod(0o600)
    monkeypatch.setenv("PULSEKEY_PASSPHRASE_FILE", str(words))
    attack(enrolled, "UPDATE store SET scrypt_n = 1073741824, scrypt_r = 8, scrypt_p = 1")
    with refuses(GalleryReason.ALTERED, "scrypt parameters"):
        Gallery(enrolled)


def log_of(path: Path) -> None:
    with Gallery(path) as gallery:
        for number in range(6):
            gallery.log("decision", "identified" if number % 2 else "unknown", "Ann" if number % 2 else "")


# Entry 1 tells that the store was made, 2 to 4 of the enrolments, 5 to 10 of decisions.
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE log SET sealed = (SELECT sealed FROM log WHERE number = 5) WHERE number = 6", "6 was altered"),
        ("UPDATE log SET link = zeroblob(32) WHERE number = 7", "7 was altered"),
        ("DELETE FROM log WHERE number = 7", "7 was removed"),
        ("DELETE FROM log WHERE number >= 9", "9 was removed"),
        ("DELETE FROM log WHERE number <= 2", "1 was removed"),
        ("INSERT INTO log SELECT 11, sealed, link FROM log WHERE number = 10", "11 was added"),
        ("UPDATE log SET number = CASE number WHEN 6 THEN -8 ELSE -6 END WHERE number IN (6, 8)", "-8 was added"),
    ],
)
def test_a_log_that_was_touched_is_found(
    enrolled: Path, attack: Attack, refuses: Any, statement: str, told: str
) -> None:
    log_of(enrolled)
    attack(enrolled, statement)
    with Gallery(enrolled) as gallery, refuses(GalleryReason.ALTERED, f"log entry {told}"):
        gallery.log_entries()


def test_exchanged_log_entries_are_found(enrolled: Path, attack: Attack, refuses: Any) -> None:
    log_of(enrolled)
    for old, new in ((6, -1), (8, 6), (-1, 8)):
        attack(enrolled, "UPDATE log SET number = ? WHERE number = ?", new, old)
    with Gallery(enrolled) as gallery, refuses(GalleryReason.ALTERED, "log entry 6 was altered or moved"):
        gallery.log_entries()


def test_a_log_cut_off_with_its_end_written_anew_is_found(enrolled: Path, attack: Attack, refuses: Any) -> None:
    """The newest entry is put in the place of one that was removed: only the sealed head knows better."""
    log_of(enrolled)
    attack(enrolled, "DELETE FROM log WHERE number = 10")
    attack(enrolled, "INSERT INTO log SELECT 10, sealed, link FROM log WHERE number = 9")
    with Gallery(enrolled) as gallery, refuses(GalleryReason.ALTERED, "log entry 10 was altered"):
        gallery.log_entries()


def test_the_log_keeps_the_newest_entries(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.store.audit.KEPT", 5)
    with Gallery(path) as gallery:
        for number in range(12):
            gallery.log("decision", str(number))
        assert [entry.outcome for entry in gallery.log_entries()] == ["7", "8", "9", "10", "11"]
        gallery.store.rekey()
        assert [entry.outcome for entry in gallery.log_entries()] == ["8", "9", "10", "11", "done"]
