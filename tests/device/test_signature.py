"""Signatures: a bundle from anybody else, or changed by one bit, is refused before anything in it is believed."""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.bundle import load_bundle
from device.errors import BundleError, BundleReason, TrustError, TrustReason
from device.manifest import file_entries
from device.public_key import PublicKey
from device.signature import MAX_SIGNATURE_BYTES, Signature, check_signature, signed_bytes
from device.trust import trusted_folder

Sign = Callable[..., None]
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)


def refuses(reason: BundleReason, *words: str) -> "pytest.RaisesExc[BundleError]":
    def check(error: BundleError) -> bool:
        return error.reason is reason and "\n" not in str(error) and all(word in str(error) for word in words)

    return pytest.raises(BundleError, check=check)


def flipped(content: bytes) -> list[bytes]:
    """The content with one bit of one byte flipped, at every position; the bit goes round."""
    return [content[:i] + bytes([byte ^ 1 << i % 8]) + content[i + 1 :] for i, byte in enumerate(content)]


def reason_of(folder: Path) -> BundleReason:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    assert "\n" not in str(caught.value)
    return caught.value.reason


def test_what_is_signed_is_what_is_verified(bundle_folder: Path, public_key: PublicKey) -> None:
    manifest = (bundle_folder / "manifest.json").read_bytes()
    found = Signature.from_json((bundle_folder / "signature.json").read_text())
    assert found.public_key == public_key
    assert found.public_key.has_signed(b"pulsekey bundle v1\0" + manifest, found.signature)
    assert not found.public_key.has_signed(manifest, found.signature)
    assert signed_bytes(manifest) == b"pulsekey bundle v1\0" + manifest
    assert Signature.from_json(found.to_json()) == found
    check_signature(bundle_folder, manifest)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.signature = b""  # type: ignore[misc]


def test_the_published_vector() -> None:
    # RFC 8032, section 7.1, test 2.
    key = PublicKey(bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert key.has_signed(b"\x72", signature)
    assert not any(key.has_signed(b"\x72", one) for one in flipped(signature))
    assert not key.has_signed(b"\x73", signature)


def test_the_signature_is_no_file_of_the_manifest(bundle_folder: Path) -> None:
    assert not {"manifest.json", "signature.json"} & set(file_entries(bundle_folder))
    assert not {"manifest.json", "signature.json"} & set(load_bundle(bundle_folder).manifest.files)


def test_every_flip_of_the_manifest_is_refused(bundle_folder: Path) -> None:
    manifest = (bundle_folder / "manifest.json").read_bytes()
    for changed in flipped(manifest):
        with refuses(BundleReason.BAD_SIGNATURE, "copy the bundle again"):
            check_signature(bundle_folder, changed)


@pytest.mark.parametrize("change", [b"", b"\n", b" "])
def test_a_manifest_of_the_same_meaning_is_refused(bundle_copy: Path, change: bytes) -> None:
    path = bundle_copy / "manifest.json"
    path.write_bytes(path.read_bytes() + change if change else path.read_bytes()[:-1])
    with refuses(BundleReason.BAD_SIGNATURE, str(bundle_copy), "does not match its manifest"):
        load_bundle(bundle_copy)


def test_every_flip_of_the_signature_file_is_refused(bundle_copy: Path) -> None:
    path = bundle_copy / "signature.json"
    content = path.read_bytes()
    for changed in flipped(content):
        path.write_bytes(changed)
        assert reason_of(bundle_copy) is BundleReason.BAD_SIGNATURE, changed
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert reason_of(bundle_copy) is BundleReason.BAD_SIGNATURE, content[:length]
    path.write_bytes(content)
    load_bundle(bundle_copy)


def test_every_flip_of_the_trusted_key_is_refused(bundle_folder: Path, public_key: PublicKey) -> None:
    folder = trusted_folder()
    assert folder is not None
    (path,) = folder.iterdir()
    content = public_key.to_pem()
    reasons = set()
    for changed in flipped(content):
        path.write_bytes(changed)
        with pytest.raises((BundleError, TrustError)) as caught:
            load_bundle(bundle_folder)
        reasons.add(caught.value.reason)
        if isinstance(caught.value, TrustError):
            assert str(path) in str(caught.value)
    assert reasons == {BundleReason.UNTRUSTED, TrustReason.MALFORMED}
    path.write_bytes(content)
    load_bundle(bundle_folder)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "must be an object"),
        (b"{}", "algorithm is missing"),
        (b"NaN", "not JSON"),
        (b"[" * 4000, "not JSON"),
        (b" " * (MAX_SIGNATURE_BYTES + 1), "larger than"),
        (b"x" * 20_000_000, "larger than"),
    ],
)
def test_a_signature_file_that_is_none(bundle_copy: Path, content: bytes, word: str) -> None:
    (bundle_copy / "signature.json").write_bytes(content)
    with refuses(BundleReason.BAD_SIGNATURE, "signature.json", word, "copy the bundle again"):
        load_bundle(bundle_copy)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"algorithm": "rsa"}, "algorithm 'rsa'"),
    ({"algorithm": "ED25519"}, "algorithm"),
    ({"algorithm": 1}, "algorithm must be a text"),
    ({"algorithm": None}, "algorithm must be a text"),
    ({"public_key": ""}, "public_key"),
    ({"public_key": "00" * 31}, "public_key must be 64"),
    ({"public_key": "00" * 33}, "public_key must be 64"),
    ({"public_key": "0g" * 32}, "public_key must be 64"),
    ({"public_key": "\uff10" * 64}, "public_key must be 64"),
    ({"public_key": [0] * 32}, "public_key must be a text"),
    ({"signature": "00" * 63}, "signature must be 128"),
    ({"signature": "00" * 64 + "\n"}, "signature must be 128"),
    ({"signature": {}}, "signature must be a text"),
    ({"signature": "00" * 64}, "does not match"),
    ({"public_key": "00" * 32}, "does not match"),
    ({"public_key": "ff" * 32}, "does not match"),
    ({"keys": []}, "keys is not a field"),
]


@pytest.mark.parametrize(("change", "word"), FAULTS)
def test_a_malformed_signature(bundle_copy: Path, change: dict[str, Any], word: str) -> None:
    path = bundle_copy / "signature.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with refuses(BundleReason.BAD_SIGNATURE, word, "copy the bundle again"):
        load_bundle(bundle_copy)


@pytest.mark.parametrize("name", ["algorithm", "public_key", "signature"])
def test_a_signature_that_lacks_a_field(bundle_copy: Path, name: str) -> None:
    path = bundle_copy / "signature.json"
    value = json.loads(path.read_text())
    del value[name]
    path.write_text(json.dumps(value))
    with refuses(BundleReason.BAD_SIGNATURE, f"{name} is missing"):
        load_bundle(bundle_copy)


def test_no_signature(bundle_copy: Path) -> None:
    (bundle_copy / "signature.json").unlink()
    with refuses(BundleReason.UNSIGNED, str(bundle_copy), "signature.json", "export it again"):
        load_bundle(bundle_copy)


def test_a_signature_that_cannot_be_read(bundle_copy: Path) -> None:
    (bundle_copy / "signature.json").unlink()
    (bundle_copy / "signature.json").mkdir()
    with refuses(BundleReason.MISSING_FILE, "cannot read", "signature.json"):
        load_bundle(bundle_copy)


def test_a_key_that_nobody_trusts(bundle_copy: Path, sign: Sign) -> None:
    sign(bundle_copy, STRANGER)
    fingerprint = PublicKey(STRANGER.public_key().public_bytes_raw()).fingerprint
    with refuses(BundleReason.UNTRUSTED, str(bundle_copy), fingerprint, "pulsekey trust KEY.pub"):
        load_bundle(bundle_copy)


def test_a_strangers_signature_under_a_trusted_name(bundle_copy: Path, sign: Sign, public_key: PublicKey) -> None:
    sign(bundle_copy, STRANGER)
    path = bundle_copy / "signature.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"public_key": public_key.raw.hex()}))
    assert reason_of(bundle_copy) is BundleReason.BAD_SIGNATURE


def test_the_signature_of_another_bundle(bundle_copy: Path, tmp_path: Path, sign: Sign) -> None:
    other = tmp_path / "other"
    shutil.copytree(bundle_copy, other)
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {"model_id": "fake-2"}))
    sign(other)
    assert load_bundle(other).manifest.model_id == "fake-2"
    shutil.copy(other / "signature.json", bundle_copy / "signature.json")
    assert reason_of(bundle_copy) is BundleReason.BAD_SIGNATURE


def test_a_changed_file_is_damage(bundle_copy: Path) -> None:
    path = bundle_copy / "cohort.npz"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with refuses(BundleReason.DAMAGED, "cohort.npz"):
        load_bundle(bundle_copy)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"format_version": 9}', b"[" * 100_000])
def test_nothing_is_parsed_before_its_signature(bundle_copy: Path, text: bytes) -> None:
    (bundle_copy / "manifest.json").write_bytes(text)
    assert reason_of(bundle_copy) is BundleReason.BAD_SIGNATURE
    (bundle_copy / "signature.json").unlink()
    assert reason_of(bundle_copy) is BundleReason.UNSIGNED


def test_files_are_not_read_before_the_signature(bundle_copy: Path) -> None:
    (bundle_copy / "model.int8.onnx").unlink()
    (bundle_copy / "signature.json").unlink()
    assert reason_of(bundle_copy) is BundleReason.UNSIGNED


def test_cryptography_is_loaded_by_the_first_bundle_and_by_nothing_else() -> None:
    code = """
import sys
import device.commands.run, device.commands.trust
from device.cli import main
main(["--help"])
main(["trust", "--list"])
assert "cryptography" not in sys.modules
from device.bundle import load_bundle
load_bundle()
assert "cryptography.hazmat.primitives.asymmetric.ed25519" in sys.modules
assert "cryptography.hazmat.primitives.serialization.ssh" not in sys.modules
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
