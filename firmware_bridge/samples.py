"""DATA frames to sample blocks: wraps undone, restarts told apart from them, losses counted."""

import numpy as np

from firmware_bridge.messages import SampleBlock
from firmware_bridge.protocol import (
    CLOCK_MODULUS,
    INDEX_MODULUS,
    SEQUENCE_MODULUS,
    BoardInfo,
    DataFlags,
    DataFrame,
    EventFrame,
    InfoFrame,
)
from firmware_bridge.tallies import Tally

STALE_FRAMES = 64
"""Two seconds of frames: no wire holds one back for longer, and a board that restarts numbers from 0."""


class FrameSamples:
    """Unwraps index and clock within an epoch and begins a new one when the board or its sensor did.

    A frame that comes again, or after its successor, is dropped and counted as corrupt; what it held is counted
    already. A board restarted if an INFO says so (only the one at boot does), if RESTARTED is set again after frames
    without it, or if the index went back. After an outage that a wrap of the clock fits into, the index and
    the nominal rate say how many wraps there were. One object serves one connection; the tally is the
    reader's.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._nominal_rate_hz: float | None = None
        self._wire_epoch: int | None = None
        self._sequence = 0
        self._restarted = False
        self._booting = False
        self._next_index = 0
        self._clock_index = 0
        self._t_us = 0

    def info(self, frame: InfoFrame) -> BoardInfo:
        """Note the nominal rate and whether the board restarted."""
        self._restarted = DataFlags.RESTARTED in frame.flags
        self._booting |= self._restarted
        self._nominal_rate_hz = frame.info.nominal_rate_mhz / 1000 or None
        return frame.info

    def data(self, frame: DataFrame, *, heard_before: bool = True) -> SampleBlock | None:
        """The frame's samples; a gap before them is counted as lost, and shows as a jump of the index.

        None for a frame that is out of date. ``heard_before``: False says that what the frame's epoch had before it
        was not meant to be heard, and is not lost.
        """
        flagged = DataFlags.RESTARTED in frame.flags
        self._booting |= flagged and not self._restarted and self._wire_epoch is not None
        self._restarted = flagged
        step = (frame.index - self._next_index) % INDEX_MODULUS
        goes_back = frame.epoch == self._wire_epoch and step >= INDEX_MODULUS // 2
        if goes_back and not self._booting and (self._sequence - frame.sequence) % SEQUENCE_MODULUS < STALE_FRAMES:
            self._tally.corrupt += 1
            return None
        self._sequence = frame.sequence
        restarted = self._booting or goes_back
        if self._wire_epoch is None:
            # What a running board measured unheard is not lost; what it measured since a boot seen here is.
            self._begin(frame, lost=frame.index if self._booting and heard_before else 0)
        elif restarted or frame.epoch != self._wire_epoch:
            self._tally.begin_epoch()
            self._tally.restarts += restarted
            # An epoch begins at index 0, so what is missing of it is known as exactly as within one.
            self._begin(frame, lost=frame.index if heard_before else 0)
        else:
            self._tally.lost += step
            self._next_index += step
            self._t_us = self._unwrap_clock(frame.t_us, self._next_index + frame.fifo_depth - 1)
        return self._block(frame)

    def end(self, frame: EventFrame) -> None:
        """Count what is missing between the newest block and where the board says its recording ended."""
        if frame.epoch == self._wire_epoch and not self._booting:
            self._tally.lost += (frame.index - self._next_index) % INDEX_MODULUS
        elif self._booting or self._wire_epoch is not None:
            self._tally.lost += frame.index

    def _begin(self, frame: DataFrame, lost: int) -> None:
        self._tally.lost += lost
        self._wire_epoch, self._booting = frame.epoch, False
        self._next_index, self._t_us = frame.index, frame.t_us

    def _unwrap_clock(self, t_us: int, clock_index: int) -> int:
        elapsed = (t_us - self._t_us) % CLOCK_MODULUS
        if self._nominal_rate_hz is not None:
            expected = (clock_index - self._clock_index) * 1e6 / self._nominal_rate_hz
            elapsed += round((expected - elapsed) / CLOCK_MODULUS) * CLOCK_MODULUS
        return self._t_us + elapsed

    def _block(self, frame: DataFrame) -> SampleBlock:
        n = len(frame.ir_counts)
        index = self._next_index
        self._next_index += n
        self._clock_index = index + frame.fifo_depth - 1
        self._tally.samples += n
        self._tally.meter.update(self._clock_index, self._t_us)
        return SampleBlock(
            index,
            self._tally.epoch,
            self._clock_index,
            self._t_us,
            np.array(frame.ir_counts, np.int32),
            np.array(frame.red_counts, np.int32),
            frame.flags,
        )
