"""An old copy that is put back, a store that was taken away, and what a crash between the two files leaves."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import GalleryReason
from device.gallery import Gallery
from device.store import store
from device.store.state_file import read_state, state_path

Copies = Callable[[Path], dict[Path, bytes]]


def put_back(files: dict[Path, bytes], *, without: str = "") -> None:
    for file, content in files.items():
        if not (without and file.name.endswith(without)):
            file.write_bytes(content)


def test_an_old_copy_of_the_file_is_found(enrolled: Path, copies: Copies, refuses: Any) -> None:
    old = copies(enrolled)
    with Gallery(enrolled) as gallery:
        gallery.forget("Ann")
    put_back(old, without=".state")
    with refuses(GalleryReason.ROLLED_BACK, "old copy (change 4, not 5)", "--accept-restored"):
        Gallery(enrolled)


def test_the_owner_can_put_a_copy_back(enrolled: Path, copies: Copies, refuses: Any) -> None:
    old = copies(enrolled)
    with Gallery(enrolled) as gallery:
        gallery.forget("Ann")
        gallery.forget("Ben")
    given_up = copies(enrolled)
    put_back(old, without=".state")
    with Gallery(enrolled, accept_restored=True) as gallery:
        assert len(gallery.people()) == 3
        assert gallery.log_entries()[-1].outcome == "restored copy accepted"
    Gallery(enrolled).close()
    put_back(given_up, without=".state")
    with refuses(GalleryReason.ROLLED_BACK):  # and the one given up is the old one now
        Gallery(enrolled)


def test_a_whole_backup_with_key_and_state_is_a_store(enrolled: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for file in tmp_path.glob("gallery.sqlite*"):
        shutil.copy2(file, tmp_path / "elsewhere")
    with Gallery(tmp_path / "elsewhere" / "gallery.sqlite") as gallery:
        assert len(gallery.people()) == 3


def test_a_state_file_that_is_gone_or_altered_is_told(enrolled: Path, refuses: Any, tmp_path: Path) -> None:
    state = state_path(enrolled)
    kept = state.read_text()
    state.unlink()
    with refuses(GalleryReason.ROLLED_BACK, "has lost", str(state)):
        Gallery(enrolled)
    state.write_text(kept.replace('"generation": 4', '"generation": 2'))
    with refuses(GalleryReason.ROLLED_BACK, "altered"):
        Gallery(enrolled)
    state.write_text("no JSON")
    with refuses(GalleryReason.ALTERED, "is damaged"):
        Gallery(enrolled)
    Gallery(tmp_path / "other").close()
    state.write_bytes(state_path(tmp_path / "other").read_bytes())
    with refuses(GalleryReason.ROLLED_BACK, "is not the one"):
        Gallery(enrolled)
    state.write_text(kept)
    Gallery(enrolled).close()


def test_a_store_that_was_taken_away_is_missed(enrolled: Path, refuses: Any) -> None:
    enrolled.unlink()
    for create in (True, False):
        with refuses(GalleryReason.ROLLED_BACK, "knows a newer one"):
            Gallery(enrolled, create=create)
        enrolled.unlink(missing_ok=True)
    state_path(enrolled).unlink()  # as the line says, to begin anew
    with Gallery(enrolled) as gallery:
        assert gallery.people() == []


def test_a_rollback_under_an_open_store_is_found(enrolled: Path, attack: Any, refuses: Any) -> None:
    ((generation, head),) = attack(enrolled, "SELECT generation, head FROM store")
    with Gallery(enrolled) as gallery:
        gallery.log("decision", "unknown")
        attack(enrolled, "UPDATE store SET generation = ?, head = ?", generation, head)
        with refuses(GalleryReason.ROLLED_BACK, "older than a moment ago"):
            gallery.people()


def test_a_crash_before_the_state_file_is_put_right(
    enrolled: Path, monkeypatch: pytest.MonkeyPatch, reference: Any
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with Gallery(enrolled) as gallery, monkeypatch.context() as patched:
        patched.setattr(store, "write_state", crash)
        with pytest.raises(KeyboardInterrupt):
            gallery.enrol("Zoe", "m1", reference(9), 20)
    behind = read_state(enrolled)
    with Gallery(enrolled) as gallery:
        assert "Zoe" in {person.name for person in gallery.people()}
    ahead = read_state(enrolled)
    assert behind is not None
    assert ahead is not None
    assert (behind.generation, ahead.generation) == (4, 5)


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_crash_while_it_is_made_leaves_nothing_in_the_way(
    path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Either before anything is committed, when the state file tells of generation 0, or before it tells of 1."""
    write, calls = store.write_state, []

    def crash(*values: Any) -> None:
        calls.append(values)
        if at == "before":
            write(*values)
        if len(calls) == (1 if at == "before" else 2):
            raise KeyboardInterrupt
        write(*values)

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_state", crash)
        with pytest.raises(KeyboardInterrupt):
            Gallery(path)
    with Gallery(path) as gallery:
        assert [entry.outcome for entry in gallery.log_entries()] == ["made"]


def test_a_failed_change_changes_nothing(enrolled: Path, monkeypatch: pytest.MonkeyPatch, reference: Any) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with Gallery(enrolled) as gallery:
        before = gallery.references("m1").embeddings, len(gallery.log_entries())
        with monkeypatch.context() as patched:
            patched.setattr(store.Log, "append", crash)
            for change in (lambda: gallery.forget("Ann"), gallery.store.rekey):
                with pytest.raises(KeyboardInterrupt):
                    change()
        np.testing.assert_array_equal(gallery.references("m1").embeddings, before[0])
        assert len(gallery.log_entries()) == before[1]
