"""The front end of a live board: its clock, its lost samples and its epochs."""

from collections import deque

import numpy as np

from device.errors import SignalError, SignalReason
from device.frontend.clock import FIRST_US, ClockRegression
from device.frontend.spec import FrontEndSpec
from device.frontend.stream import FrontEnd
from device.frontend.windows import Window
from firmware_bridge import SampleBlock

MIN_RATE_HZ, MAX_RATE_HZ = 20.0, 1100.0
"""Below, a pulse's shape is gone; above, no sketch or sensor of this class can be meant."""
MAX_HELD = round(2 * MAX_RATE_HZ * FIRST_US / 1e6)
"""Samples that may come before a rate is known: more, and the board's clock stands still."""


class BoardFrontEnd:
    """Blocks of counts from a reader in, windows out; the rate is the one measured, not the one promised.

    The first two seconds of each of the board's epochs are held back until the rate is known, then nothing is lost of
    them: after an outage there may be another board, with another clock.
    """

    def __init__(self, spec: FrontEndSpec) -> None:
        self._front_end = FrontEnd(spec, counts=True)
        self._clock = ClockRegression()
        self._held: deque[SampleBlock] = deque()
        self._epoch: int | None = None
        self._rate_hz: float | None = None

    @property
    def rate_hz(self) -> float | None:
        """The sensor's measured rate, None in the first two seconds of an epoch."""
        return self._rate_hz

    def feed(self, block: SampleBlock) -> list[Window]:
        """Take one block and give the windows it completes.

        Raises:
            SignalError: the measured rate is one that no pulse can be read at.
        """
        windows: list[Window] = []
        if self._epoch != block.epoch:
            windows += self._release() + self._front_end.break_epoch()
            # Still held: under two seconds before the first rate, too short for any window of the old epoch.
            self._held.clear()
            self._clock, self._rate_hz = ClockRegression(), None
            self._epoch = block.epoch
        self._clock.update(block.clock_index, block.t_us)
        self._measure()
        self._held.append(block)
        if self._rate_hz is None and block.index - self._held[0].index > MAX_HELD:
            raise SignalError(SignalReason.RATE, "the board's clock stands still: its samples cannot be timed")
        return windows + (self._release() if self._rate_hz is not None else [])

    def begin_epoch(self) -> None:
        """Let the next sample start a new epoch, of the same clock: what lies on either side never meets in a window.

        A window that was not complete is dropped.
        """
        self._front_end.break_epoch()
        # Not yet resampled, and on the other side; too short for a window of their own.
        self._held.clear()

    def _measure(self) -> None:
        rate_hz = self._clock.rate_hz
        if rate_hz is None:
            return
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise SignalError(
                SignalReason.RATE,
                f"the board sends {rate_hz:.1f} samples a second; set its sketch to between "
                f"{MIN_RATE_HZ:.0f} and {MAX_RATE_HZ:.0f}, best 125",
            )
        self._rate_hz = rate_hz

    def _release(self) -> list[Window]:
        windows: list[Window] = []
        while self._held and self._rate_hz is not None:
            block = self._held.popleft()
            # Reflected light falls when blood comes: negated, the pulse points up as in every recording.
            pulse = -block.ir_counts.astype(np.float64)
            windows += self._front_end.feed(block.index, pulse, 1.0 / self._rate_hz)
        return windows
