"""A board's samples as a Lab Streaming Layer stream, which LabRecorder and every LSL viewer can take.

Needs pylsl, the extra ``lsl``, once a stream is made.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.messages import Message, SampleBlock, SketchInfo
from firmware_bridge.protocol import BoardInfo

CONTENT_TYPE = "PPG"
CHANNELS = ("IR", "RED")
SPAN_US = 30_000_000
"""Readings older than this are forgotten: long enough to average arrivals, short enough to follow temperature."""
FIRST_US = 2_000_000
"""No time is given before this: 20 ms of arrival jitter over 2 s would still be 1 %."""
MIN_STEP_S = 1e-6
"""Time never stands still or goes back, whatever a late burst of arrivals does to the regression."""


class SampleClock:
    """When a sample of one epoch was taken, in seconds of the host's clock, from its index alone.

    Two least-squares lines over the last 30 s, one after the other: from sample index to the board's clock, which
    knows nothing of the cable, and from the board's clock to the host's at each arrival. A gap in the index is
    therefore one in time. The mean delay of the cable, a few milliseconds, stays in: nothing here can measure it.
    Arrivals that jitter by 20 ms leave under 6 ms of error; a host that stalls for 0.5 s leaves 22 ms for a while.
    """

    def __init__(self) -> None:
        self._readings: deque[tuple[int, int, float]] = deque()

    def update(self, clock_index: int, t_us: int, arrived_s: float) -> None:
        """Note that ``clock_index`` was the newest sample at the board's ``t_us``, which came at ``arrived_s``."""
        self._readings.append((clock_index, t_us, arrived_s))
        while t_us - self._readings[0][1] > SPAN_US:
            self._readings.popleft()

    @property
    def is_settled(self) -> bool:
        """Whether enough has been seen to tell a time."""
        return bool(self._readings) and self._readings[-1][1] - self._readings[0][1] >= FIRST_US

    def times_s(self, index: int, n: int) -> NDArray[np.float64]:
        """The times of samples ``index`` to ``index + n - 1``, shape (n,); only once settled."""
        readings = np.array(self._readings, np.float64)
        means = readings.mean(axis=0)
        indices, board_us, host_s = (readings - means).T
        us_per_sample = (indices @ board_us) / (indices @ indices)
        s_per_us = (board_us @ host_s) / (board_us @ board_us)
        times: NDArray[np.float64] = means[2] + s_per_us * us_per_sample * (np.arange(index, index + n) - means[0])
        return times


class LslStream:
    """Feed it a reader's messages; it offers the samples as the LSL stream ``name``, counts of IR and RED.

    The outlet opens once the rate is known: the board's nominal one, or a sketch's as measured. Samples of an
    epoch are held for its first 2 s, until they have a time; an epoch that ends before is left out. Lost samples
    leave a gap in time. ``sent`` and ``left_out`` count samples.

    Args:
        name: of the stream.
        source_id: the same for the same board each time, so that a recorder finds it again.
        now: seconds of the clock that the stream's times are in; LSL's own unless stated.

    Raises:
        ImportError: no pylsl. RuntimeError: no liblsl, or one that cannot make the stream.
    """

    def __init__(self, name: str, source_id: str, now: Callable[[], float] | None = None) -> None:
        import pylsl

        self._lsl: Any = pylsl
        self._name, self._source_id = name, source_id
        self._now: Callable[[], float] = now or self._lsl.local_clock
        self._outlet: Any = None
        self._epoch: int | None = None
        self._clock = SampleClock()
        self._held: list[SampleBlock] = []
        self._newest_s = float("-inf")
        self.sent = self.left_out = 0

    def feed(self, message: Message) -> None:
        """Take a message as soon as it has come: what a sample block says of time is compared with now."""
        if isinstance(message, BoardInfo):
            self._open(message.nominal_rate_mhz / 1000)
        elif isinstance(message, SketchInfo):
            self._open(message.measured_rate_hz)
        elif isinstance(message, SampleBlock):
            self._note(message)
        if self._outlet is not None and self._clock.is_settled:
            for block in self._held:
                self._push(block)
            self._held.clear()

    def close(self) -> None:
        """End the stream; those who listen see it go."""
        self._leave_out()
        self._outlet = None

    def _open(self, rate_hz: float) -> None:
        if self._outlet is not None:
            return
        info = self._lsl.StreamInfo(self._name, CONTENT_TYPE, len(CHANNELS), rate_hz, "int32", self._source_id)
        channels = info.desc().append_child("channels")
        for label in CHANNELS:
            channel = channels.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("unit", "counts")
            channel.append_child_value("type", CONTENT_TYPE)
        self._outlet = self._lsl.StreamOutlet(info)

    def _note(self, block: SampleBlock) -> None:
        if block.epoch != self._epoch:
            self._leave_out()
            self._epoch, self._clock = block.epoch, SampleClock()
        self._clock.update(block.clock_index, block.t_us, self._now())
        self._held.append(block)

    def _leave_out(self) -> None:
        self.left_out += sum(len(block.ir_counts) for block in self._held)
        self._held.clear()

    def _push(self, block: SampleBlock) -> None:
        n = len(block.ir_counts)
        times_s = np.maximum(self._clock.times_s(block.index, n), self._newest_s + MIN_STEP_S * np.arange(1, n + 1))
        self._newest_s = float(times_s[-1])
        self._outlet.push_chunk(np.stack([block.ir_counts, block.red_counts], axis=1), times_s.tolist())
        self.sent += n
