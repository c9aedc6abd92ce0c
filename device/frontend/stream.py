"""The front end: samples of any rate in, standardised and judged windows out."""

import numpy as np
from numpy.typing import NDArray

from device.frontend.filters import SosFilter
from device.frontend.resample import Resampler
from device.frontend.spec import FrontEndSpec
from device.frontend.windows import Window, Windower

Floats = NDArray[np.float64]


class FrontEnd:
    """Resample, filter, window and judge one stream whose samples are numbered.

    A hole in the numbering is interpolated and marked if it is short, and starts a new epoch if it is not: samples on
    either side of a long gap never meet in one window. Any chunking of the stream gives the same windows, bit for bit.
    """

    def __init__(self, spec: FrontEndSpec, *, counts: bool = False) -> None:
        """
        Args:
            spec: every number of the front end.
            counts: the values are a sensor's counts, negated so that the pulse points up.
        """
        self._spec = spec
        self._counts = counts
        self._epoch = -1
        self._next_index: int | None = None
        self._last_value = 0.0
        self._last_s = 0.0

    def feed(self, first_index: int, values: Floats, period_s: float) -> list[Window]:
        """Take samples ``first_index``, ``first_index + 1``, ... and give the windows they complete.

        Args:
            first_index: number of the first sample, not below that of any sample already taken.
            values: (n,) finite, pulse upwards, in any unit.
            period_s: time from one sample to the next; it may drift from call to call.
        """
        if values.size == 0:
            return []
        missing = 0 if self._next_index is None else first_index - self._next_index
        if missing < 0:
            raise ValueError(f"sample {first_index} comes after sample {first_index - missing - 1}")
        if self._next_index is None or missing * period_s * 1e3 > self._spec.max_gap_ms:
            windows = self.break_epoch()
            self._begin(period_s)
            missing = 0
        else:
            windows = []
        self._next_index = first_index + values.size
        marks = np.zeros(missing + values.size, dtype=np.bool_)
        marks[:missing] = True
        steps = np.arange(1, missing + 1) / (missing + 1)
        bridge = self._last_value + steps * (float(values[0]) - self._last_value)
        whole = np.concatenate((bridge, values))
        self._last_value = float(values[-1])
        return windows + self._push(*self._resampler.feed(self._times(whole.size, period_s), whole, marks))

    def break_epoch(self) -> list[Window]:
        """End the epoch: give what its last samples complete, and let the next sample start a new one."""
        if self._next_index is None:
            return []
        self._next_index = None
        return self._push(*self._resampler.flush())

    def _begin(self, period_s: float) -> None:
        spec = self._spec
        self._epoch += 1
        self._resampler = Resampler(1.0 / period_s, spec.rate_hz, spec.resampler_zero_crossings, spec.resampler_cutoff)
        self._filter = SosFilter(spec.sections)
        self._windower = Windower(spec, self._epoch, counts=self._counts)
        self._last_s = -period_s

    def _times(self, count: int, period_s: float) -> Floats:
        # A running sum, sample by sample: the same bits whether the samples come in one block or in many.
        steps = np.full(count + 1, period_s)
        steps[0] = self._last_s
        times = np.cumsum(steps)[1:]
        self._last_s = float(times[-1])
        return times

    def _push(self, raw: Floats, marks: NDArray[np.bool_]) -> list[Window]:
        return self._windower.feed(self._filter.feed(raw), raw, marks)


def windows_of(ppg: Floats, rate_hz: float, spec: FrontEndSpec) -> list[Window]:
    """Every window of one whole recording, through the same code as live samples.

    Args:
        ppg: (n,) pulse upwards, in any unit; NaN where a sample is missing.
        rate_hz: its sampling rate.
        spec: the front end.
    """
    front_end = FrontEnd(spec)
    present = np.flatnonzero(np.isfinite(ppg))
    windows: list[Window] = []
    for run in np.split(present, np.flatnonzero(np.diff(present) > 1) + 1):
        if run.size:
            windows += front_end.feed(int(run[0]), ppg[run[0] : run[-1] + 1], 1.0 / rate_hz)
    return windows + front_end.break_epoch()
