"""The light board: the bytes that a real board would send, in virtual time, of anything that has a pulse."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.framing import END, encode_frame
from firmware_bridge.packets import Packet
from firmware_bridge.protocol import (
    CLOCK_MODULUS,
    EPOCH_MODULUS,
    INDEX_MODULUS,
    MAX_COUNTS,
    MAX_SAMPLES,
    SEQUENCE_MODULUS,
    BoardInfo,
    ChannelOrder,
    DataFlags,
    DataFrame,
    EventCode,
    EventFrame,
    Frame,
    InfoFrame,
    SensorFault,
)
from firmware_bridge.sources import LOST, PulseSource

INFO_PERIOD_S = 1.0
FIRMWARE_VERSION = (1, 0, 0)
PART_ID = 0x15
FIFO_CONFIG, SPO2_CONFIG = 0x60, 0x35
"""8 averages; 1000 sps at 118 us and 16 bits: together 125 Hz."""
LED_CURRENT_UA = 7_200


class Epilogue(StrEnum):
    """What a board does when its source has ended: say so and be silent, or begin it again in a new epoch."""

    END = "end"
    LOOP = "loop"


class LightBoard:
    """Simulates a board that measures ``source`` at the source's own rate.

    Lost samples take their index and are not sent. The board can boot many times; the source goes on.
    """

    def __init__(self, source: PulseSource, epilogue: Epilogue = Epilogue.END) -> None:
        self._source = source
        self._epilogue = epilogue
        self._info = BoardInfo(
            FIRMWARE_VERSION,
            PART_ID,
            SensorFault.NONE,
            FIFO_CONFIG,
            SPO2_CONFIG,
            LED_CURRENT_UA,
            LED_CURRENT_UA,
            round(source.rate_hz * 1000),
            ChannelOrder.GENUINE,
        )
        self._sequence = self._index = self._epoch = self._measured = 0
        self._next_info_s = 0.0
        self._flags = DataFlags.RESTARTED

    def boot(self) -> Iterator[Packet]:
        """Everything the board sends from its boot on, in the order and at the times it does."""
        self._sequence = self._index = self._epoch = self._measured = 0
        self._next_info_s = 0.0
        self._flags = DataFlags.RESTARTED
        yield Packet(0.0, END + self._information(0.0))
        while True:
            counts = self._source.read(MAX_SAMPLES)
            self._measured += len(counts)
            now_s = self._measured / self._source.rate_hz
            information = self._information(now_s) if now_s >= self._next_info_s else b""
            yield Packet(now_s, information + self._data(now_s, counts))
            if len(counts) < MAX_SAMPLES and self._epilogue is Epilogue.END:
                yield Packet(now_s, self._ending(now_s))
                return
            if len(counts) < MAX_SAMPLES:
                self._source.rewind()
                self._epoch, self._index = (self._epoch + 1) % EPOCH_MODULUS, 0

    def _information(self, now_s: float) -> bytes:
        if self._next_info_s > 0.0:
            self._flags = DataFlags.NONE
        self._next_info_s += INFO_PERIOD_S
        return self._send(InfoFrame(self._flags, self._sequence, _clock(now_s), self._epoch, self._info))

    def _data(self, now_s: float, counts: NDArray[np.int32]) -> bytes:
        """One frame for each run of samples that were measured; they were all read at once."""
        sent = b""
        edges = np.flatnonzero(np.diff((counts[:, 0] != LOST).astype(np.int8), prepend=0, append=0))
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            run = counts[first:last]
            saturated = bool(((run == 0) | (run == MAX_COUNTS)).any())
            sent += self._send(
                DataFrame(
                    self._flags | (DataFlags.SATURATED if saturated else DataFlags.NONE),
                    self._sequence,
                    _clock(now_s),
                    (self._index + first) % INDEX_MODULUS,
                    self._epoch,
                    len(counts) - first,
                    tuple(run[:, 0].tolist()),
                    tuple(run[:, 1].tolist()),
                )
            )
        self._index += len(counts)
        return sent

    def _ending(self, now_s: float) -> bytes:
        index = self._index % INDEX_MODULUS
        code = EventCode.END_OF_RECORDING
        return self._send(EventFrame(self._flags, self._sequence, _clock(now_s), index, self._epoch, code, 0))

    def _send(self, frame: Frame) -> bytes:
        self._sequence = (self._sequence + 1) % SEQUENCE_MODULUS
        return encode_frame(frame)


def _clock(now_s: float) -> int:
    return round(now_s * 1e6) % CLOCK_MODULUS
