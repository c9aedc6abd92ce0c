"""What can happen to bytes between a board and its host: a board behind a damaged wire is itself a board."""

import math
from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from cobs import cobs

from firmware_bridge.framing import CRC_START, END
from firmware_bridge.packets import Board, Packet
from firmware_bridge.protocol import BAUD, CRC_BYTES
from firmware_bridge.uart import resampled


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing arrives from ``at_s`` of the board's life on for ``duration_s``; then all that waited.

    A reader that opens the port anew has left it behind: the board's life stands still meanwhile.
    """

    at_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class WireDamage:
    """How often what happens. A chunk is the whole frames that leave the board at once."""

    loss: float = 0.0
    """Of bytes."""
    corrupt: float = 0.0
    """Of bytes, in which one bit is flipped."""
    truncate: float = 0.0
    """Of frames, of which the end is missing, its zero too: what is left runs into the next frame."""
    duplicate: float = 0.0
    """Of chunks, which come twice."""
    reorder: float = 0.0
    """Of chunks, which come after the next one."""
    stalls: tuple[Stall, ...] = ()
    baud: int = BAUD
    """At which the host listens to a board that sends at 115200."""
    version: int | None = None
    """Of the protocol, which the frames claim to be of."""


@dataclass(slots=True)
class WireFaultCounts:
    """What was done so far."""

    lost_bytes: int = 0
    corrupted_bytes: int = 0
    truncated_frames: int = 0
    duplicated_chunks: int = 0
    reordered_chunks: int = 0
    stalled_chunks: int = 0


class WireFaults:
    """``board`` behind a damaged wire; the same seed does the same. What the host sends arrives whole.

    Frames of other versions come first, then truncation, order, bytes, baud rate, and stalls last.
    """

    def __init__(self, board: Board, damage: WireDamage, seed: int = 0) -> None:
        self._board, self._damage = board, damage
        self._random = Random(seed)
        self._lived_s, self._left_behind_s = 0.0, -math.inf
        self._booted = False
        self.counts = WireFaultCounts()

    def change(self, damage: WireDamage) -> None:
        """Do ``damage`` from the next packet on; in the thread that takes the packets."""
        self._damage = damage

    def boot(self) -> Iterator[Packet]:
        """What arrives of all that the board sends."""
        began_s = self._lived_s
        self._left_behind_s = began_s if self._booted else -math.inf
        self._booted = True
        for packet in self._ordered(self._chunks()):
            self._lived_s = began_s + packet.due_s
            arrives_s = self._arrival_s(self._lived_s)
            self.counts.stalled_chunks += bool(packet.data) and arrives_s > self._lived_s
            yield Packet(arrives_s - began_s, self._damaged(packet.data))

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        self._board.receive(data)

    def _chunks(self) -> Iterator[Packet]:
        """Packets of whole frames, some of them empty."""
        partial = b""
        for packet in self._board.boot():
            *frames, partial = (partial + packet.data).split(END)
            yield Packet(packet.due_s, b"".join(self._frame(frame) for frame in frames))

    def _frame(self, frame: bytes) -> bytes:
        if frame and self._damage.version is not None:
            frame = _of_version(frame, self._damage.version)
        if frame and self._happens(self._damage.truncate):
            self.counts.truncated_frames += 1
            return frame[: self._random.randrange(len(frame) + 1)]
        return frame + END

    def _ordered(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """An empty packet carries only the time, and is no chunk."""
        held: Packet | None = None
        for packet in packets:
            if not packet.data:
                yield packet
                continue
            if held is None and self._happens(self._damage.reorder):
                held = packet
                continue
            copies = 1
            if self._happens(self._damage.duplicate):
                self.counts.duplicated_chunks += 1
                copies = 2
            yield Packet(packet.due_s, packet.data * copies)
            if held is not None:
                self.counts.reordered_chunks += 1
                yield replace(held, due_s=packet.due_s)
                held = None
        if held is not None:
            yield held

    def _damaged(self, data: bytes) -> bytes:
        if self._damage.loss or self._damage.corrupt:
            data = b"".join(self._byte(byte) for byte in data)
        return data if self._damage.baud == BAUD else resampled(data, BAUD / self._damage.baud)

    def _byte(self, byte: int) -> bytes:
        if self._happens(self._damage.loss):
            self.counts.lost_bytes += 1
            return b""
        if self._happens(self._damage.corrupt):
            self.counts.corrupted_bytes += 1
            byte ^= 1 << self._random.randrange(8)
        return bytes([byte])

    def _arrival_s(self, left_s: float) -> float:
        for stall in sorted(self._damage.stalls, key=lambda stall: stall.at_s):
            if self._left_behind_s < stall.at_s <= left_s < stall.at_s + stall.duration_s:
                left_s = stall.at_s + stall.duration_s
        return left_s

    def _happens(self, rate: float) -> bool:
        return rate > 0.0 and self._random.random() < rate


def _of_version(frame: bytes, version: int) -> bytes:
    """The frame with another version and its right CRC; what is no frame, as the board's reset leaves one, stays."""
    try:
        sealed = cobs.decode(frame)
    except cobs.DecodeError:
        return frame
    if len(sealed) <= CRC_BYTES or crc_hqx(sealed, CRC_START):
        return frame
    body = bytes([version << 4 | sealed[0] & 0x0F]) + sealed[1:-CRC_BYTES]
    return bytes(cobs.encode(body + crc_hqx(body, CRC_START).to_bytes(CRC_BYTES, "big")))
