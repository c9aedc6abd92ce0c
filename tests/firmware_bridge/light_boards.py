"""A pulse whose every sample is known, and what a board that measures it sends."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.framing import FrameDecoder
from firmware_bridge.packets import Board
from firmware_bridge.protocol import DataFrame, EventCode, EventFrame, Frame, InfoFrame
from firmware_bridge.samples import FrameSamples
from firmware_bridge.tallies import Tally
from tests.firmware_bridge.by_type import ByType

FINGER = (EventCode.FINGER_ON, EventCode.FINGER_OFF)


def measured(k: int) -> tuple[int, int]:
    """Sample ``k``: no two of 250,000 are alike."""
    return 120_000 + 4 * (k % 500), 100_000 + 4 * (k // 500 % 500)


class Counting:
    """A source of ``measured`` samples."""

    def __init__(self, length: int = 1_000_000, rate_hz: float = 125.0) -> None:
        self.rate_hz, self._length, self._next = rate_hz, length, 0

    def read(self, count: int) -> NDArray[np.int32]:
        last = min(self._next + count, self._length)
        part = [measured(k) for k in range(self._next, last)]
        self._next = last
        return np.array(part, np.int32).reshape(-1, 2)

    def rewind(self) -> None:
        self._next = 0


@dataclass
class Run(ByType):
    """What was sent, by type and in order, and where of the board's life its microcontroller began."""

    frames: list[Frame] = field(default_factory=list)
    began: list[int] = field(default_factory=list)
    raw: bytes = b""

    def sensor_events(self) -> list[EventFrame]:
        return [event for event in self.events if event.code not in FINGER]

    def missing(self, epoch: int = 0) -> list[int]:
        """Indices within an epoch, from 0 to its newest sample, that did not come."""
        came = {frame.index + i for frame in self.data if frame.epoch == epoch for i in range(len(frame.ir_counts))}
        return [index for index in range(max(came, default=-1) + 1) if index not in came]

    def ages(self) -> list[tuple[int, tuple[int, int]]]:
        """Of each sample the place in the board's life that clock and depth give it, and its counts.

        Within an epoch that place and the index differ by one constant.
        """
        found, boot, offsets = [], -1, {}
        for frame in self.frames:
            boot += isinstance(frame, InfoFrame) and frame.sequence == 0
            if isinstance(frame, DataFrame):
                first = self.began[boot] + round(frame.t_us * 125e-6) - frame.fifo_depth
                assert offsets.setdefault((boot, frame.epoch), first - frame.index) == first - frame.index
                pairs = zip(frame.ir_counts, frame.red_counts, strict=True)
                found += [(first + i, pair) for i, pair in enumerate(pairs)]
        return found

    def assert_exact(self) -> None:
        """Each sample is the one that was measured when clock, depth and index say."""
        for k, pair in self.ages():
            assert pair == measured(k), k

    def tally(self) -> Tally:
        """What a reader counts."""
        tally = Tally()
        samples = FrameSamples(tally)
        for frame in self.frames:
            if isinstance(frame, InfoFrame):
                samples.info(frame)
            elif isinstance(frame, DataFrame):
                samples.data(frame)
        return tally


def run(board: Board, seconds: float, writes: Sequence[tuple[float, bytes]] = ()) -> Run:
    """A boot of a board at 125 Hz, with what the host writes at which second."""
    decoder, sent, waiting = FrameDecoder(), Run(), list(writes)
    for packet in board.boot():
        if packet.due_s > seconds:
            break
        sent.raw += packet.data
        if packet.data[:1] == b"\0":
            sent.began.append(round(packet.due_s * 125))
        sent.frames += decoder.feed(packet.data)
        while waiting and packet.due_s >= waiting[0][0]:
            board.receive(waiting.pop(0)[1])
    assert decoder.counts.dropped == 0
    return sent
