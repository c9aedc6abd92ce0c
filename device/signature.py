"""A bundle's signature: who exported it, and that nothing in it has changed since.

Ed25519 over the manifest's bytes, which hold the sha256 of every other file.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from device.errors import BundleError, BundleReason
from device.json_fields import Fields, parse_json
from device.manifest import SIGNATURE_NAME
from device.public_key import KEY_BYTES, SIGNATURE_BYTES, PublicKey
from device.trust import trusted_keys

ALGORITHM = "ed25519"
# A signature.json is some 280 bytes; the limit keeps a wrong file from filling the memory of a small board.
MAX_SIGNATURE_BYTES = 4096
# Goes before what is signed, so that nothing else its owner signs with a key can pass for a manifest.
_CONTEXT = b"pulsekey bundle v1\0"


@dataclass(frozen=True, slots=True)
class Signature:
    """`signature.json`: the key, and its signature (64 bytes) of `signed_bytes(manifest)`."""

    public_key: PublicKey
    signature: bytes

    @classmethod
    def from_json(cls, text: str, origin: str = SIGNATURE_NAME) -> Self:
        """Parse strictly; `origin` begins every fault's line.

        Raises:
            BundleError: MALFORMED, naming the field.
        """
        fields = Fields(parse_json(text, origin), origin)
        algorithm = fields.text("algorithm")
        if algorithm != ALGORITHM:
            raise BundleError(
                BundleReason.MALFORMED, f"{origin}: algorithm {algorithm!r} is not {ALGORITHM!r}, the one there is"
            )
        made = cls(PublicKey(_hex(fields, "public_key", KEY_BYTES)), _hex(fields, "signature", SIGNATURE_BYTES))
        fields.close()
        return made

    def to_json(self) -> str:
        """The text to write as `signature.json`."""
        value = {
            "algorithm": ALGORITHM,
            "public_key": self.public_key.raw.hex(),
            "signature": self.signature.hex(),
        }
        return json.dumps(value, indent=2) + "\n"


def signed_bytes(manifest: bytes) -> bytes:
    """What is signed for a `manifest.json` of these bytes."""
    return _CONTEXT + manifest


def check_signature(folder: Path, manifest: bytes) -> None:
    """Hold the manifest just read from a bundle against the bundle's signature and the keys that are trusted.

    Raises:
        BundleError: UNSIGNED, BAD_SIGNATURE or UNTRUSTED; MISSING_FILE, where the signature cannot be read.
        TrustError: the trusted keys cannot be read.
    """
    found = _read(folder)
    if not found.public_key.has_signed(signed_bytes(manifest), found.signature):
        raise BundleError(
            BundleReason.BAD_SIGNATURE, f"{folder}: its signature does not match its manifest: copy the bundle again"
        )
    if all(one.key != found.public_key for one in trusted_keys()):
        raise BundleError(
            BundleReason.UNTRUSTED,
            f"{folder} was exported with the key {found.public_key.fingerprint}, which this device does not trust; "
            "if you know whose it is: pulsekey trust KEY.pub",
        )


def _read(folder: Path) -> Signature:
    path = folder / SIGNATURE_NAME
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIGNATURE_BYTES + 1)
        if len(content) > MAX_SIGNATURE_BYTES:
            raise BundleError(BundleReason.MALFORMED, f"{path} is larger than {MAX_SIGNATURE_BYTES} bytes")
        return Signature.from_json(content.decode("utf-8"), str(path))
    except FileNotFoundError:
        raise BundleError(
            BundleReason.UNSIGNED, f"{folder} has no {SIGNATURE_NAME}: export it again, or copy the whole bundle"
        ) from None
    except OSError as error:
        raise BundleError(BundleReason.MISSING_FILE, f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BundleError(BundleReason.BAD_SIGNATURE, f"{path} is not UTF-8 text: copy the bundle again") from None
    except BundleError as error:
        raise BundleError(BundleReason.BAD_SIGNATURE, f"{error}: copy the bundle again") from None


def _hex(fields: Fields, key: str, size: int) -> bytes:
    text = fields.text(key)
    if not re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text):
        raise BundleError(
            BundleReason.MALFORMED, f"{fields.where}: {key} must be {2 * size} lower-case hexadecimal digits"
        )
    return bytes.fromhex(text)
