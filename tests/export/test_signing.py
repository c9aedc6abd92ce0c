"""The signing key: made once, for its owner only, and what it signs runs on its owner's device."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from device import user_data
from device.bundle import default_bundle_path, load_bundle
from device.cli import main as pulsekey
from device.errors import BundleError, BundleReason
from device.public_key import read_public_key
from device.trust import trusted_folder, trusted_keys
from export import signing
from export.errors import ExportError, ExportReason
from export.signing import main, read_key, signing_key

ROOT = Path(__file__).resolve().parents[2]
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)


def pem(key: Any, protection: Any = None) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection or NoEncryption()))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has never exported."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    return tmp_path / "xdg" / "pulsekey"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "their.key"
    path.write_bytes(pem(STRANGER))
    path.chmod(0o600)
    return path


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A copy of the bundle that ships, without its signature."""
    folder = tmp_path / "bundle"
    shutil.copytree(default_bundle_path(), folder)
    (folder / "signature.json").unlink()
    return folder


def refuses(*words: str) -> "pytest.RaisesExc[ExportError]":
    def check(error: ExportError) -> bool:
        told = str(error)
        return error.reason is ExportReason.KEY and "\n" not in told and all(word in told for word in words)

    return pytest.raises(ExportError, check=check)


def silent(line: str) -> NoReturn:
    raise AssertionError(f"told {line!r}")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_export_makes_a_key_that_runs_here(home: Path, shipped: Path) -> None:
    told: list[str] = []
    key = signing_key(None, told.append)
    assert len(told) == 1
    for word in (str(home / "signing.key"), str(home / "signing.pub"), "pulsekey trust signing.pub"):
        assert word in told[0]
    assert (mode_of(home), mode_of(home / "signing.key"), mode_of(home / "signing.pub")) == (0o700, 0o600, 0o644)
    assert read_public_key(home / "signing.pub") == key.public
    key.sign_bundle(shipped)
    assert load_bundle(shipped).manifest == load_bundle().manifest
    again = signing_key(None, silent)
    assert again.public == key.public
    assert sorted(path.name for path in home.iterdir()) == ["signing.key", "signing.pub", "trusted"]


def test_modes_do_not_hang_on_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        signing_key(None, lambda _: None)
    finally:
        os.umask(before)
    assert (mode_of(home / "signing.key"), mode_of(home / "trusted")) == (0o600, 0o700)


@pytest.mark.parametrize("content", [None, b"", b"another's"])
def test_the_public_half_beside_the_key_is_its_own(home: Path, content: bytes | None) -> None:
    key = signing_key(None, lambda _: None)
    (home / "signing.pub").unlink()
    if content is not None:
        (home / "signing.pub").write_bytes(content)
    signing_key(None, silent)
    assert read_public_key(home / "signing.pub") == key.public


def test_two_first_exports_at_once_share_one_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = signing_key(None, lambda _: None)
    assert not signing._make_key(home / "signing.key")
    assert signing_key(None, silent).public == first.public


def test_a_key_of_ones_own_choice(home: Path, key_file: Path, shipped: Path) -> None:
    key = signing_key(key_file, silent)
    key.sign_bundle(shipped)
    load_bundle(shipped)
    assert not (home / "signing.key").exists()
    content = (shipped / "signature.json").read_bytes()
    key.sign_bundle(shipped)
    assert (shipped / "signature.json").read_bytes() == content
    folder = trusted_folder()
    assert folder is not None
    shutil.rmtree(folder)
    with pytest.raises(BundleError) as caught:
        load_bundle(shipped)
    assert caught.value.reason is BundleReason.UNTRUSTED


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o660, 0o666])
def test_a_key_that_others_can_read_or_change(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with refuses(str(key_file), f"chmod 600 {key_file}"):
        signing_key(key_file, silent)


def _public(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: b"", "damaged"),
        (lambda: b"no key\n", "damaged"),
        (lambda: pem(STRANGER)[:-20], "damaged"),
        (lambda: pem(STRANGER).replace(b"MC4C", b"MC4D"), "damaged"),
        (lambda: b"\xff" * 1_000_000, "damaged"),
        (lambda: pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)), "not Ed25519"),
        (lambda: pem(ec.generate_private_key(ec.SECP256R1())), "not Ed25519"),
        (lambda: pem(STRANGER, BestAvailableEncryption(b"secret")), "encrypted"),
        (lambda: _public(STRANGER), "is a public key"),
    ],
)
def test_what_is_no_signing_key(home: Path, key_file: Path, make: Callable[[], bytes], word: str) -> None:
    key_file.write_bytes(make())
    with refuses(str(key_file), word):
        signing_key(key_file, silent)
    assert not home.exists()


def test_a_key_file_that_is_not_there(tmp_path: Path) -> None:
    with refuses("none.key", "No such file"):
        read_key(tmp_path / "none.key")
    with refuses(str(tmp_path), "directory"):
        read_key(tmp_path)


def test_a_damaged_own_key_is_told_and_kept(home: Path) -> None:
    signing_key(None, lambda _: None)
    (home / "signing.key").write_bytes(b"damaged")
    with refuses(str(home / "signing.key"), "damaged"):
        signing_key(None, silent)
    assert (home / "signing.key").read_bytes() == b"damaged"


def test_a_full_disk_leaves_no_half_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(user_data.os, "fsync", full)
    with refuses(str(home / "signing.key"), "No space left on device", "--key FILE"):
        signing_key(None, silent)
    assert list(home.iterdir()) == []


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "user_data_folder", lambda: None)
    with refuses("no home folder", "--key FILE"):
        signing_key(None, silent)


def test_signing_a_bundle_that_exists(key_file: Path, shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(shipped), "--key", str(key_file)]) == 0
    assert read_key(key_file).public.fingerprint in capsys.readouterr().out
    signing_key(key_file, silent)
    load_bundle(shipped)


def test_a_bundle_that_is_not_whole_is_not_signed(
    key_file: Path, shipped: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (shipped / "cohort.npz").write_bytes(b"swapped")
    for folder, word in ((shipped, "cohort.npz is damaged"), (tmp_path / "none", "no bundle at")):
        assert main([str(folder), "--key", str(key_file)]) == 2
        told = capsys.readouterr().err
        assert word in told
        assert len(told.splitlines()) == 1
    assert not (shipped / "signature.json").exists()
    (shipped / "manifest.json").write_text("{}")
    assert main([str(shipped), "--key", str(key_file)]) == 2
    assert "format_version is missing" in capsys.readouterr().err


def test_a_bundle_that_cannot_be_written_to(
    key_file: Path, shipped: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(signing, "write_own_file", denied)
    assert main([str(shipped), "--key", str(key_file)]) == 2
    assert "signature.json: Permission denied" in capsys.readouterr().err


def test_the_module_is_a_command(key_file: Path, shipped: Path) -> None:
    words = [sys.executable, "-m", "export.signing", str(shipped), "--key", str(key_file)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (shipped / "signature.json").exists()


@pytest.mark.parametrize("name", ["none.key", "open.key"])
def test_export_refuses_a_bad_key_before_it_converts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    from export import build

    def no_build(*_: object) -> NoReturn:
        raise AssertionError("built")

    monkeypatch.setattr("train.checkpoint.load_trained", lambda _: None)
    monkeypatch.setattr(build, "build_bundle", no_build)
    (tmp_path / "open.key").write_bytes(pem(STRANGER))
    (tmp_path / "open.key").chmod(0o644)
    words = ["x.ckpt", "--data", "x.npz", "--out", tmp_path / "out", "--key", tmp_path / name]
    assert pulsekey(["export", *map(str, words)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("pulsekey: error: ")
    assert name in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_export_hands_its_key_to_the_build(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from export import build, sources

    keys: list[signing.SigningKey] = []

    def gather(_: object, __: object, ___: object, key: signing.SigningKey, epochs: int, others: Path | None) -> str:
        assert epochs == 0
        assert others is None
        keys.append(key)
        return "a source"

    def build_bundle(source: object, out: Path) -> Any:
        assert source == "a source"
        return load_bundle().manifest

    monkeypatch.setattr("train.checkpoint.load_trained", lambda _: None)
    monkeypatch.setattr(sources, "gather", gather)
    monkeypatch.setattr(build, "build_bundle", build_bundle)
    words = ["export", "x.ckpt", "--data", "x.npz", "--out", str(tmp_path / "out")]
    assert pulsekey(words) == 0
    first = capsys.readouterr()
    assert len(first.err.splitlines()) == 1
    assert "pulsekey trust signing.pub" in first.err
    assert pulsekey(words) == 0
    assert capsys.readouterr().err == ""
    assert keys[0].public == keys[1].public == read_public_key(home / "signing.pub")
    assert keys[0].public in [one.key for one in trusted_keys()]
