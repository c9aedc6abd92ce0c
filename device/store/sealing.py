"""AES-256-GCM and HMAC-SHA-256 over contexts that cannot be mistaken for each other.

cryptography is imported where it is used: who only asks for help need not wait for it.
"""

import hashlib
import hmac
import os

KEY_BYTES = 32
MAC_BYTES = 32
_NONCE_BYTES = 12  # Random: one key seals far fewer than the 2^32 messages that NIST SP 800-38D, 8.3 allows.

Part = bytes | str | int


class Altered(Exception):  # noqa: N818 - caught and named by whoever knows what it was
    """What was sealed is not what was found, or was found elsewhere."""


def joined(*parts: Part) -> bytes:
    """The parts as one byte string, each behind its length and type, so that no two contexts are alike."""
    encoded = (part if isinstance(part, bytes) else repr(part).encode("utf-8") for part in parts)
    kinds = (type(part).__name__[:1].encode() for part in parts)
    return b"".join(kind + len(one).to_bytes(4, "big") + one for kind, one in zip(kinds, encoded, strict=True))


def seal(key: bytearray, content: bytes, *context: Part) -> bytes:
    """Encrypt and authenticate; `unseal` answers only with the same context. 28 bytes longer than the content."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, joined(*context))


def unseal(key: bytearray, sealed: bytes, *context: Part) -> bytes:
    """What was sealed.

    Raises:
        Altered: it was changed, or sealed with another key or for another context.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], joined(*context))
    except (InvalidTag, ValueError):  # ValueError: too short to be sealed at all
        raise Altered from None


def mac(key: bytearray, *parts: Part) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    return hmac.digest(key, joined(*parts), hashlib.sha256)


def same(one: bytes, other: bytes) -> bool:
    """Whether two MACs are equal, in constant time."""
    return hmac.compare_digest(one, other)


def padded(content: bytes, block: int) -> bytes:
    """Content behind its length, with zeros up to a multiple of `block`: its length cannot be seen."""
    framed = len(content).to_bytes(4, "big") + content
    return framed + bytes(-len(framed) % block)


def unpadded(content: bytes) -> bytes:
    """What was padded."""
    return content[4 : 4 + int.from_bytes(content[:4], "big")]


def wipe(*buffers: bytearray) -> None:
    """Overwrite with zeros."""
    for buffer in buffers:
        buffer[:] = bytes(len(buffer))
