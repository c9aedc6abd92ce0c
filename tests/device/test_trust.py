"""Trusted keys: what makes a key trusted, and `pulsekey trust`, which adds, lists and removes."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from device import trust as trust_module
from device import user_data
from device.bundle import MODELS, load_bundle
from device.cli import main
from device.errors import BundleError, BundleReason, TrustError, TrustReason
from device.public_key import PublicKey, read_public_key
from device.trust import SHIPPED_KEYS, distrust, trust, trusted_folder, trusted_keys

STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
KEY = PublicKey(STRANGER.public_key().public_bytes_raw())


@pytest.fixture
def folder() -> Path:
    found = trusted_folder()
    assert found is not None
    return found


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "signing.pub"
    path.write_bytes(STRANGER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def fails(capsys: pytest.CaptureFixture[str], arguments: list[object], *words: str) -> None:
    assert main(["trust", *map(str, arguments)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1, told.err
    assert told.err.startswith("pulsekey: error: ")
    for word in words:
        assert word in told.err


def test_pem_is_what_cryptography_and_openssl_write(key_file: Path) -> None:
    assert read_public_key(key_file) == KEY
    assert KEY.to_pem() == key_file.read_bytes()
    assert PublicKey.from_pem(KEY.to_pem().replace(b"\n", b"\r\n"), "x") == KEY
    assert PublicKey.from_pem(KEY.to_pem().strip(), "x") == KEY


def test_fingerprint_is_the_beginning_of_the_sha256() -> None:
    # printf '\0%.0s' {1..32} | sha256sum
    assert PublicKey(bytes(32)).fingerprint == "6668 7aad f862 bd77"


def test_two_keys_ship_and_every_model_that_ships_is_signed_with_one() -> None:
    assert [one.path.name for one in trusted_keys() if one.ships] == ["pulsekey-2.pub", "pulsekey.pub"]
    (Path(os.environ["XDG_DATA_HOME"]) / "pulsekey" / "trusted" / "tests.pub").unlink()
    for path in sorted(MODELS.glob("*/manifest.json")):
        assert load_bundle(path.parent).manifest.model_id


def test_trust_list_remove(
    capsys: pytest.CaptureFixture[str], bundle_copy: Path, key_file: Path, folder: Path, sign: Callable[..., None]
) -> None:
    sign(bundle_copy, STRANGER)
    assert main(["trust", str(key_file)]) == 0
    assert capsys.readouterr().out == f"trusted: {KEY.fingerprint}\n"
    assert load_bundle(bundle_copy).manifest.model_id == "fake-1"
    added = folder / f"{KEY.fingerprint.replace(' ', '')}.pub"
    assert read_public_key(added) == KEY
    before = sorted(folder.iterdir())
    assert main(["trust", str(key_file)]) == 0
    assert capsys.readouterr().out == f"trusted already: {KEY.fingerprint}\n"
    assert sorted(folder.iterdir()) == before  # nor is anything half-written left

    assert main(["trust", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("  ships with pulsekey")
    assert f"{KEY.fingerprint}  added as {added}" in lines

    assert main(["trust", "--remove", *KEY.fingerprint.upper().split()]) == 0
    assert capsys.readouterr().out == f"no longer trusted: {KEY.fingerprint}\n"
    assert not added.exists()
    with pytest.raises(BundleError) as caught:
        load_bundle(bundle_copy)
    assert caught.value.reason is BundleReason.UNTRUSTED


def test_a_key_under_any_name_is_trusted_and_removed(folder: Path) -> None:
    for name in ("a.pub", "b.pub"):
        (folder / name).write_bytes(KEY.to_pem())
    (folder / "notes.txt").write_text("no key, and nobody asked")
    assert not trust(KEY)
    assert distrust(KEY.fingerprint.replace(" ", "")) == KEY
    assert KEY not in [one.key for one in trusted_keys()]


def test_made_for_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "new" / "home"))
    assert trust(KEY)
    folder = trusted_folder()
    assert folder is not None
    assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, folder.parent)] == [0o700, 0o700]
    assert [path.suffix for path in folder.iterdir()] == [".pub"]


def test_nobody_has_added_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    assert all(one.ships for one in trusted_keys())
    assert not (tmp_path / "none").exists()


def _no_home() -> NoReturn:
    raise RuntimeError("Could not determine home directory.")


def test_a_user_without_a_home(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key_file: Path
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(Path, "home", staticmethod(_no_home))
    assert all(one.ships for one in trusted_keys())
    fails(capsys, [key_file], "no home folder", "XDG_DATA_HOME")


def _rsa_public(_: Path) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private(_: Path) -> bytes:
    return STRANGER.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _openssh(_: Path) -> bytes:
    return STRANGER.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda _: b"", "not an Ed25519 public key"),
        (lambda _: b"no key at all\n", "not an Ed25519 public key"),
        (lambda _: b"\xff" * 1_000_000, "not an Ed25519 public key"),
        (lambda _: KEY.to_pem()[:-5], "not an Ed25519 public key"),
        (lambda _: KEY.to_pem() * 2, "not an Ed25519 public key"),
        (lambda _: KEY.raw, "not an Ed25519 public key"),
        (_openssh, "not an Ed25519 public key"),
        (_rsa_public, "not an Ed25519 public key"),
        (_private, "is a private key"),
    ],
)
def test_what_is_no_public_key_is_not_trusted(
    capsys: pytest.CaptureFixture[str], key_file: Path, folder: Path, make: Callable[[Path], bytes], word: str
) -> None:
    key_file.write_bytes(make(key_file))
    fails(capsys, [key_file], str(key_file), word)
    assert [path.name for path in folder.iterdir()] == ["tests.pub"]


def test_no_such_key_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fails(capsys, [tmp_path / "none.pub"], "none.pub", "No such file")
    fails(capsys, [tmp_path], "cannot read the key", "directory")


@pytest.mark.parametrize("words", [[], ["--list"], ["--remove", KEY.fingerprint], ["signing.pub"]])
def test_a_malformed_trusted_key_is_named_and_not_skipped(
    capsys: pytest.CaptureFixture[str], folder: Path, key_file: Path, words: list[str], bundle_folder: Path
) -> None:
    (folder / "broken.pub").write_bytes(KEY.to_pem()[:-5])
    if words:
        fails(capsys, [key_file if word == "signing.pub" else word for word in words], str(folder / "broken.pub"))
    with pytest.raises(TrustError, match=r"broken\.pub") as caught:
        load_bundle(bundle_folder)
    assert caught.value.reason is TrustReason.MALFORMED


@pytest.mark.parametrize("fingerprint", ["", "zz", "0000 0000 0000 0000", KEY.fingerprint, KEY.fingerprint[:9]])
def test_an_unknown_fingerprint(capsys: pytest.CaptureFixture[str], fingerprint: str) -> None:
    fails(capsys, ["--remove", fingerprint], "no trusted key has the fingerprint", "pulsekey trust --list")


def test_a_key_that_ships_stays(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = read_public_key(SHIPPED_KEYS / "pulsekey.pub")
    fails(capsys, ["--remove", shipped.fingerprint], shipped.fingerprint, "ships with pulsekey")
    assert (SHIPPED_KEYS / "pulsekey.pub").exists()


@pytest.mark.parametrize("words", [[], ["--list", "--remove", "x"], ["a.pub", "--list"], ["a.pub", "b.pub"]])
def test_one_thing_at_a_time(capsys: pytest.CaptureFixture[str], words: list[object]) -> None:
    fails(capsys, words, "pulsekey trust --help")


def _denied(*_: object, **__: object) -> NoReturn:
    raise PermissionError(13, "Permission denied")


def test_no_permission_to_write(
    capsys: pytest.CaptureFixture[str], key_file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_data.tempfile, "mkstemp", _denied)
    fails(capsys, [key_file], "cannot write", str(folder), "Permission denied")


def test_a_full_disk_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], key_file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(user_data.os, "fsync", full)
    fails(capsys, [key_file], "cannot write", "No space left on device")
    assert [path.name for path in folder.iterdir()] == ["tests.pub"]


def test_no_permission_to_read_or_remove(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(KEY)
    with monkeypatch.context() as patch:
        patch.setattr(trust_module.Path, "unlink", _denied)
        fails(capsys, ["--remove", KEY.fingerprint], "cannot remove", "Permission denied")
    monkeypatch.setattr(trust_module.Path, "iterdir", _denied)
    fails(capsys, ["--list"], "cannot read the trusted keys in", "Permission denied")


def test_a_file_where_the_folder_should_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    fails(capsys, ["--list"], "cannot read the trusted keys in", "Not a directory")
