"""The last seconds of a pulse, to be looked at: a waveform and a heart rate, for views and for nothing else."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from device.frontend.clock import ClockRegression
from device.frontend.quality import FASTEST_PULSE_HZ, SLOWEST_PULSE_HZ
from firmware_bridge import SampleBlock

Floats = NDArray[np.float64]

SECONDS = 8.0
_MIN_S = 3.0
"""Shorter, a slow pulse has not come twice."""
_BASELINE_S = 1.0
"""A running mean over about a beat is the baseline that breathing and pressure move."""
_MIN_PERIODICITY = 0.5
"""Correlation of the waveform with itself a beat later, under which no rate is told."""


class LiveSignal:
    """Keeps the newest `SECONDS` of infrared counts of one epoch, in memory only."""

    def __init__(self) -> None:
        self._epoch: int | None = None
        self._begin()

    def _begin(self) -> None:
        self.forget()
        self._clock = ClockRegression()

    def forget(self) -> None:
        """Begin the curve anew, at the same rate: beside the step of a finger that comes no pulse is seen."""
        self._blocks: deque[NDArray[np.int32]] = deque()
        self._held = 0

    def take(self, block: SampleBlock) -> None:
        """Add a block; another epoch begins anew."""
        if block.epoch != self._epoch:
            self._epoch = block.epoch
            self._begin()
        self._clock.update(block.clock_index, block.t_us)
        self._blocks.append(block.ir_counts)
        self._held += block.ir_counts.size
        most = int(SECONDS * (self.rate_hz or 400.0))
        while self._held - self._blocks[0].size >= most:
            self._held -= self._blocks.popleft().size

    @property
    def rate_hz(self) -> float | None:
        """The measured rate of the samples, None in the first two seconds."""
        return self._clock.rate_hz

    def waveform(self) -> Floats:
        """(n,) counts, pulse upwards, without their baseline; empty while the rate is unknown."""
        rate_hz = self.rate_hz
        if rate_hz is None or not self._blocks:
            return np.empty(0)
        pulse = -np.concatenate(self._blocks).astype(np.float64)
        width = max(1, int(_BASELINE_S * rate_hz))
        sums = np.concatenate(([0.0], np.cumsum(pulse)))
        ends = np.minimum(np.arange(pulse.size) + width // 2 + 1, pulse.size)
        starts = np.maximum(np.arange(pulse.size) - width // 2, 0)
        return np.asarray(pulse - (sums[ends] - sums[starts]) / (ends - starts))

    def heart_rate_bpm(self) -> float | None:
        """Beats a minute by the lag at which the waveform is most like itself; None where nothing repeats."""
        rate_hz, wave = self.rate_hz, self.waveform()
        if rate_hz is None or wave.size < _MIN_S * rate_hz:
            return None
        low, high = int(rate_hz / FASTEST_PULSE_HZ), int(rate_hz / SLOWEST_PULSE_HZ)
        correlation = np.array([_likeness(wave, lag) for lag in range(low, min(high, wave.size // 2) + 1)])
        inner = correlation[1:-1]
        peaks = (inner >= correlation[:-2]) & (inner > correlation[2:]) & (inner >= _MIN_PERIODICITY)
        if not peaks.any():
            return None
        # Twice the beat repeats as well as the beat: the first peak that is near the best is the beat.
        near_best = peaks & (inner >= 0.9 * inner[peaks].max())
        return 60.0 * rate_hz / (low + 1 + int(np.argmax(near_best)))


def _likeness(wave: Floats, lag: int) -> float:
    """Pearson's r of the waveform and itself `lag` samples later; 0 for a constant."""
    head, tail = wave[:-lag] - wave[:-lag].mean(), wave[lag:] - wave[lag:].mean()
    scale = float(np.sqrt((head @ head) * (tail @ tail)))
    return float(head @ tail) / scale if scale > 0.0 else 0.0
