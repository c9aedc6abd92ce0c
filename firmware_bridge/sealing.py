"""The seal of DATA frames: a keyed tag that only the board can make, over a number that only this session has.

Board and host share a key of 128 bits. The host sends a fresh nonce (``CommandCode.NONCE``), and until its next boot
the board ends the body of each DATA frame with

    tag = BLAKE2s(key, digest of 8 bytes)(nonce as u32 little-endian | body before the tag, SEALED flag set)

by RFC 7693. Who does not know the key cannot make a tag, and what was sealed in another session has another nonce.

INFO, EVENT and ACK are not sealed. A forger can make the host show another firmware version, answer a command or end
the stream; but whom a pulse belongs to is decided by samples alone, and those come in DATA only.
"""

import hashlib
import hmac
from dataclasses import dataclass

from firmware_bridge.codec import encode_body
from firmware_bridge.protocol import KEY_BYTES, TAG_BYTES, DataFlags, DataFrame

_NO_TAG = bytes(TAG_BYTES)


def check_key(key: bytes) -> None:
    """Raises ValueError for what cannot be a board's key."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a board's key has {KEY_BYTES} bytes, not {len(key)}")


@dataclass(frozen=True, slots=True)
class Seal:
    """What one session's DATA is sealed with: a key of 16 bytes, and a nonce of 32 bits that is not 0.

    Raises:
        ValueError: another key or nonce.
    """

    key: bytes
    nonce: int

    def __post_init__(self) -> None:
        check_key(self.key)
        if not 0 < self.nonce < 1 << 32:
            raise ValueError(f"a nonce has 32 bits and is not 0: {self.nonce}")

    def tag(self, body: bytes) -> bytes:
        """The tag of a body that lacks it."""
        message = self.nonce.to_bytes(4, "little") + body
        return hashlib.blake2s(message, key=self.key, digest_size=TAG_BYTES).digest()

    def sealed(self, frame: DataFrame) -> DataFrame:
        """The same frame with its tag."""
        flags = frame.flags | DataFlags.SEALED
        return frame._replace(flags=flags, tag=self._tag_of(frame._replace(flags=flags)))

    def fits(self, frame: DataFrame) -> bool:
        """Whether the frame is sealed, and rightly; takes as long for any wrong tag."""
        return DataFlags.SEALED in frame.flags and hmac.compare_digest(self._tag_of(frame), frame.tag)

    def _tag_of(self, frame: DataFrame) -> bytes:
        # Of what was understood: a body has but one frame, and a frame but one body.
        return self.tag(encode_body(frame._replace(tag=_NO_TAG))[:-TAG_BYTES])
