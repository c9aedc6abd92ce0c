"""Where the key comes from, and what happens without it: one line, and nothing is overwritten."""

import getpass
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import GalleryReason
from device.gallery import Gallery
from device.store.keys import Derivation
from device.store.secret import KeySource


def key_of(path: Path) -> Path:
    return path.with_name(path.name + ".key")


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A passphrase file that is in use."""
    file = tmp_path / "words"
    file.write_text("a long passphrase\n")
    file.chmod(0o600)
    monkeypatch.setenv("PULSEKEY_PASSPHRASE_FILE", str(file))
    return file


def test_the_key_file_is_made_once_for_its_owner_only(path: Path) -> None:
    Gallery(path).close()
    key = key_of(path)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    content = key.read_bytes()
    assert len(content) == 32
    Gallery(path).close()
    assert key.read_bytes() == content


def test_two_stores_have_two_keys(tmp_path: Path, path: Path) -> None:
    Gallery(path).close()
    Gallery(tmp_path / "other.sqlite").close()
    assert key_of(path).read_bytes() != key_of(tmp_path / "other.sqlite").read_bytes()


def test_a_key_file_that_others_can_read_is_refused(enrolled: Path, refuses: Any) -> None:
    key_of(enrolled).chmod(0o640)
    with refuses(GalleryReason.WRONG_KEY, f"chmod 600 {key_of(enrolled)}"):
        Gallery(enrolled)


def test_a_lost_key_is_told_and_none_is_made(enrolled: Path, refuses: Any, copies: Callable[..., Any]) -> None:
    kept = key_of(enrolled).read_bytes()
    key_of(enrolled).unlink()
    before = copies(enrolled)
    for create in (True, False):
        with refuses(GalleryReason.NO_KEY, "is gone", str(key_of(enrolled))):
            Gallery(enrolled, create=create)
    assert copies(enrolled) == before
    key_of(enrolled).write_bytes(kept)
    key_of(enrolled).chmod(0o600)
    with Gallery(enrolled) as gallery:
        assert len(gallery.people()) == 3


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 5000, b"x" * 32])
def test_a_wrong_key_is_told(enrolled: Path, refuses: Any, copies: Callable[..., Any], content: bytes) -> None:
    key_of(enrolled).write_bytes(content)
    before = copies(enrolled)
    with refuses(GalleryReason.WRONG_KEY, str(key_of(enrolled))):
        Gallery(enrolled)
    assert copies(enrolled) == before


def test_a_systemd_credential_is_the_key(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuses: Any, reference: Any
) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "pulsekey.key").write_bytes(bytes(range(32)))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(0), 20)
    assert not key_of(path).exists()
    with Gallery(path) as gallery:
        assert [person.name for person in gallery.people()] == ["Ann"]
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with refuses(GalleryReason.NO_KEY):
        Gallery(path)


def test_a_passphrase_from_a_file(path: Path, words: Path, reference: Any, refuses: Any) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(0), 20)
    assert not key_of(path).exists()
    with Gallery(path) as gallery:
        np.testing.assert_array_equal(gallery.references("m1").embeddings, reference(0)[None, :])
    words.write_text("another passphrase\n")
    with refuses(GalleryReason.WRONG_KEY, "not the passphrase"):
        Gallery(path)
    words.chmod(0o644)
    with refuses(GalleryReason.WRONG_KEY, "chmod 600"):
        Gallery(path)
    words.unlink()
    with refuses(GalleryReason.NO_KEY, "PULSEKEY_PASSPHRASE_FILE"):
        Gallery(path)


def test_a_short_passphrase_makes_no_store(path: Path, words: Path, refuses: Any, copies: Callable[..., Any]) -> None:
    words.write_text("short\n")
    with refuses(GalleryReason.WRONG_KEY, "at least 8 characters"):
        Gallery(path)
    words.write_text("long enough\n")
    Gallery(path).close()


def test_a_passphrase_is_typed_where_there_is_a_terminal(
    path: Path, words: Path, monkeypatch: pytest.MonkeyPatch, refuses: Any
) -> None:
    Gallery(path).close()
    monkeypatch.delenv("PULSEKEY_PASSPHRASE_FILE")
    with refuses(GalleryReason.NO_KEY, "PULSEKEY_PASSPHRASE_FILE"):
        Gallery(path)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "a long passphrase")
    Gallery(path).close()
    typed = iter(["a long passphrase", "one of them", "another one"])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    with Gallery(path) as gallery, refuses(GalleryReason.WRONG_KEY, "differ"):
        gallery.store.rekey()


def test_from_a_key_file_to_a_passphrase(enrolled: Path, words: Path, reference: Any, refuses: Any) -> None:
    with Gallery(enrolled) as gallery:  # it still asks for its key
        gallery.store.rekey(passphrase=True)
    assert not key_of(enrolled).exists()
    with Gallery(enrolled) as gallery:
        assert len(gallery.references("m1").names) == 3
    words.write_text("something else\n")
    with refuses(GalleryReason.WRONG_KEY):
        Gallery(enrolled)


def test_a_store_open_elsewhere_sees_that_its_keys_were_changed(enrolled: Path, refuses: Any) -> None:
    with Gallery(enrolled) as one, Gallery(enrolled) as other:
        one.store.rekey()
        with refuses(GalleryReason.BUSY, "start again"):
            other.people()
        with refuses(GalleryReason.BUSY, "start again"):
            other.forget("Ann")
        assert len(one.people()) == 3


def test_secrets_are_not_shown(enrolled: Path) -> None:
    key = KeySource(enrolled).key()
    with Gallery(enrolled) as gallery, gallery.store.reading() as view:
        assert view.head.state_key.hex() not in repr(view.head)
        assert repr(view.head.state_key) not in repr(view.head)
    assert isinstance(key, bytearray)


@pytest.mark.parametrize("numbers", [(2, 1, 1), (2**17, 2, 1), (2, 8, 1), (2, 1, 8)])
def test_scrypt_within_its_bounds_derives_a_key(numbers: tuple[int, int, int]) -> None:
    one, other = (Derivation(salt * 16, *numbers).secret_of(bytearray(b"words")) for salt in (b"a", b"b"))
    assert len(one) == 32
    assert one != other


@pytest.mark.parametrize(
    "numbers", [(1, 1, 1), (-2, 1, 1), (2**18, 1, 1), (2, 0, 1), (2, 9, 1), (2, 1, 0), (2, 1, 9), (2, -1, -1)]
)
def test_scrypt_out_of_its_bounds_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="scrypt parameters"):
        Derivation(b"a" * 16, *numbers).secret_of(bytearray(b"words"))
