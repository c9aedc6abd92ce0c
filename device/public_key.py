"""Ed25519 public keys: as PEM files, by their fingerprint, and what they have signed."""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from device.errors import TrustError, TrustReason

KEY_BYTES = 32
SIGNATURE_BYTES = 64
# A PEM of one key is some 120 bytes; far above it, so that a larger key of another kind is still told as one.
MAX_PEM_BYTES = 16 * 1024
# The DER of every Ed25519 SubjectPublicKeyInfo is these bytes and then the key (RFC 8410, section 4). It is read
# here because cryptography's readers would cost a small board 2 MB of memory at each start.
_DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/]{59}=)\r?\n-----END PUBLIC KEY-----[\r\n]*")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The 32 bytes of a key."""

    raw: bytes

    @property
    def fingerprint(self) -> str:
        """The first 64 bits of the key's SHA-256, as people read them: `1a2b 3c4d 5e6f 7081`."""
        digits = hashlib.sha256(self.raw).hexdigest()
        return " ".join(digits[i : i + 4] for i in range(0, 16, 4))

    @classmethod
    def from_pem(cls, content: bytes, origin: str) -> Self:
        """Parse strictly; `origin` begins the fault's line.

        Raises:
            TrustError: MALFORMED.
        """
        if b"PRIVATE KEY-----" in content:
            raise TrustError(
                TrustReason.MALFORMED, f"{origin} is a private key, which nobody should be given: use its public half"
            )
        found = _PEM.fullmatch(content)
        der = base64.b64decode(found[1]) if found else b""
        # Encoded again, since base64 can write one key in several ways.
        if not found or not der.startswith(_DER_PREFIX) or base64.b64encode(der) != found[1]:
            raise TrustError(
                TrustReason.MALFORMED,
                f"{origin} is not an Ed25519 public key (PEM): copy the .pub file of whoever exports the bundles again",
            )
        return cls(der.removeprefix(_DER_PREFIX))

    def to_pem(self) -> bytes:
        """The file that `from_pem` reads back."""
        body = base64.b64encode(_DER_PREFIX + self.raw)
        return b"-----BEGIN PUBLIC KEY-----\n" + body + b"\n-----END PUBLIC KEY-----\n"

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this 64-byte signature of the message was made with this key's private half."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def read_public_key(path: Path) -> PublicKey:
    """The key in a PEM file.

    Raises:
        TrustError: UNREADABLE or MALFORMED, naming the file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PEM_BYTES)
    except OSError as error:
        raise TrustError(TrustReason.UNREADABLE, f"cannot read the key {path}: {error.strerror}") from None
    return PublicKey.from_pem(content, str(path))
