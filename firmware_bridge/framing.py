"""Frames to bytes and bytes to frames, without I/O: ``COBS(body | crc16) 0x00``."""

from binascii import crc_hqx
from dataclasses import dataclass

from cobs import cobs

from firmware_bridge.codec import decode_body, encode_body
from firmware_bridge.errors import WireError, WireReason
from firmware_bridge.protocol import CRC_BYTES, MAX_ENCODED, Frame

CRC_START = 0xFFFF
"""CRC-16/CCITT-FALSE; sent big-endian, so that the CRC over body and CRC is zero."""
END = b"\0"


def encode_frame(frame: Frame) -> bytes:
    """The bytes of one frame, its closing zero included.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    body = encode_body(frame)
    return bytes(cobs.encode(body + crc_hqx(body, CRC_START).to_bytes(CRC_BYTES, "big"))) + END


@dataclass(slots=True)
class DecoderCounts:
    """What a decoder has met; everything but ``frames`` was dropped.

    ``corrupt`` leaves out what precedes the first zero: a reader that comes in the middle of a frame lost
    nothing.
    """

    frames: int = 0
    corrupt: int = 0
    oversized: int = 0
    unknown_version: int = 0
    unknown_type: int = 0

    @property
    def dropped(self) -> int:
        """Pieces of the stream that were no frame."""
        return self.corrupt + self.oversized + self.unknown_version + self.unknown_type


class FrameDecoder:
    """Any chunking of a byte stream in, the same frames out; keeps at most one frame's bytes."""

    def __init__(self) -> None:
        self.counts = DecoderCounts()
        self.unknown_version: int | None = None
        self._partial = b""
        self._synchronised = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes, in order; damage is counted, never raised."""
        *pieces, partial = (self._partial + data).split(END)
        # One byte more than a frame can have is enough to know, at the next zero, that it was none.
        self._partial = partial[: MAX_ENCODED + 1]
        frames: list[Frame] = []
        for piece in pieces:
            if piece:
                frame = self._decode(piece)
                if frame is not None:
                    frames.append(frame)
            self._synchronised = True
        self.counts.frames += len(frames)
        return frames

    def _decode(self, piece: bytes) -> Frame | None:
        if len(piece) > MAX_ENCODED:
            self.counts.oversized += self._synchronised
            return None
        try:
            body = cobs.decode(piece)
        except cobs.DecodeError:
            self.counts.corrupt += self._synchronised
            return None
        if len(body) <= CRC_BYTES or crc_hqx(body, CRC_START):
            self.counts.corrupt += self._synchronised
            return None
        try:
            return decode_body(body[:-CRC_BYTES])
        except WireError as error:
            self._count(error.reason, body[0] >> 4)
            return None

    def _count(self, reason: WireReason, version: int) -> None:
        if reason is WireReason.UNKNOWN_VERSION:
            self.counts.unknown_version += 1
            self.unknown_version = version
        elif reason is WireReason.UNKNOWN_TYPE:
            self.counts.unknown_type += 1
        else:
            self.counts.corrupt += 1
