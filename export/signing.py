"""The key that signs bundles, and the signing.

``python -m export.signing BUNDLE --key FILE`` signs a bundle that exists, without exporting it again.
"""

import argparse
import os
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from device.bundle import checked_bundle, read_manifest
from device.manifest import SIGNATURE_NAME
from device.public_key import MAX_PEM_BYTES, PublicKey
from device.signature import Signature, signed_bytes
from device.trust import trust
from device.user_data import user_data_folder, write_own_file
from export.errors import ExportError, ExportReason
from firmware_bridge.errors import PulsekeyError

KEY_NAME = "signing.key"


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """An Ed25519 private key; its signatures of one manifest are always the same bytes."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """The half that devices trust."""
        return PublicKey(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign_bundle(self, folder: Path) -> None:
        """Write a bundle's `signature.json`, once all that its manifest says of the folder has been found true.

        Raises:
            BundleError: the bundle is not whole; it is not signed then.
            ExportError: UNWRITABLE.
        """
        manifest = read_manifest(folder)
        checked_bundle(folder, manifest)
        signature = Signature(self.public, self.private.sign(signed_bytes(manifest)))
        path = folder / SIGNATURE_NAME
        try:
            write_own_file(path, signature.to_json().encode(), mode=0o644)
        except OSError as error:
            raise ExportError(ExportReason.UNWRITABLE, f"cannot write {path}: {error.strerror}") from None


def signing_key(path: Path | None, tell: Callable[[str], None]) -> SigningKey:
    """The key to export with, which this user's own device trusts from now on.

    Args:
        path: a key file; None for the user's own, `$XDG_DATA_HOME/pulsekey/signing.key`, made at its first use.
        tell: is given one line if a key has been made.

    Raises:
        ExportError: KEY, naming the file.
        TrustError: the key cannot be put with those that are trusted.
    """
    key = _own_key(tell) if path is None else read_key(path)
    trust(key.public)
    return key


def read_key(path: Path) -> SigningKey:
    """The private key in a PEM file (PKCS #8, not encrypted) that only its owner may read.

    Raises:
        ExportError: KEY, naming the file.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(MAX_PEM_BYTES)
    except OSError as error:
        raise _unusable(f"cannot read the signing key {path}: {error.strerror}") from None
    if b"PUBLIC KEY-----" in content:
        raise _unusable(f"{path} is a public key: sign with its private half")
    if mode & 0o077:
        raise _unusable(f"the signing key {path} is open to other users: chmod 600 {path}")
    try:
        private = load_pem_private_key(content, password=None)
    except TypeError:
        raise _unusable(f"the signing key {path} is encrypted: give one that is not") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable(f"{path} is not a private key (PEM), or is damaged: restore a copy, or give another") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise _unusable(f"{path} is a private key, but not Ed25519: openssl genpkey -algorithm ed25519 makes one")
    return SigningKey(private)


def _own_key(tell: Callable[[str], None]) -> SigningKey:
    folder = user_data_folder()
    if folder is None:
        raise _unusable("this user has no home folder to keep a signing key in: give one with --key FILE")
    path = folder / KEY_NAME
    public_path = path.with_suffix(".pub")
    try:
        is_new = not path.exists() and _make_key(path)
        key = read_key(path)
        # Derived from the key, whatever lies there: what it is copied to other devices for is to be this key's half.
        if not public_path.exists() or public_path.read_bytes() != key.public.to_pem():
            write_own_file(public_path, key.public.to_pem(), mode=0o644)
    except OSError as error:
        raise _unusable(f"cannot make {path}: {error.strerror}; or give a key with --key FILE") from None
    if is_new:
        tell(
            f"made the key that signs your bundles, {path} (keep it to yourself), and its public half {public_path}: "
            f"other devices need `pulsekey trust {public_path.name}`"
        )
    return key


def _make_key(path: Path) -> bool:
    """Make a key file; False if another export has just made one."""
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_own_file(path, content, mode=0o600, replace=False)
    except FileExistsError:
        return False
    return True


def _unusable(message: str) -> ExportError:
    return ExportError(ExportReason.KEY, message)


def main(argv: Sequence[str] | None = None) -> int:
    """Sign one bundle; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.signing", description="Sign a bundle that exists.")
    parser.add_argument("bundle", type=Path, help="the bundle's folder; a signature that it has is replaced")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="an Ed25519 private key (PEM)")
    args = parser.parse_args(argv)
    try:
        key = read_key(args.key)
        key.sign_bundle(args.bundle)
    except PulsekeyError as error:
        print(f"export.signing: error: {error}", file=sys.stderr)
        return 2
    print(f"{args.bundle}: signed with the key {key.public.fingerprint}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
