"""From the sensor's own, slightly wrong clock to exactly 125 Hz."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Resampler:
    """A Hann-windowed sinc evaluated at the true times of the samples.

    Weights are normalised to sum to one, so a constant stays exactly constant at the edges too. Each output depends
    on its own neighbours alone and is summed in one fixed order: any chunking gives the same bits.
    """

    def __init__(self, rate_in_hz: float, rate_out_hz: float, zero_crossings: int, cutoff: float) -> None:
        """
        Args:
            rate_in_hz: nominal rate of the input; only the kernel's width comes from it.
            rate_out_hz: rate of the output.
            zero_crossings: of the kernel, on either side.
            cutoff: as a share of the lower Nyquist rate, so that going down does not alias.
        """
        self._rate_out_hz = rate_out_hz
        self._cutoff_hz = 0.5 * cutoff * min(rate_in_hz, rate_out_hz)
        self._reach_s = zero_crossings / (2.0 * self._cutoff_hz)
        self._times: Floats = np.empty(0)
        self._values: Floats = np.empty(0)
        self._marks: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._emitted = 0
        self._start_s = 0.0

    def feed(self, times_s: Floats, values: Floats, marks: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """Take the next samples and give every output whose neighbours are all known.

        Args:
            times_s: (n,) ascending.
            values: (n,).
            marks: (n,) true where a sample was interpolated.

        Returns:
            (m,) values on the output grid, and (m,) the mark of the nearest input of each.
        """
        if self._times.size == 0 and times_s.size:
            self._start_s = float(times_s[0])
        self._times = np.concatenate((self._times, times_s))
        self._values = np.concatenate((self._values, values))
        self._marks = np.concatenate((self._marks, marks))
        return self._emit(self._times[-1] - self._reach_s) if self._times.size else self._emit(-math.inf)

    def flush(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Give the outputs up to the last sample: the recording ends here."""
        return self._emit(self._times[-1] if self._times.size else -math.inf)

    def _emit(self, until_s: float) -> tuple[Floats, NDArray[np.bool_]]:
        count = 0
        if until_s >= self._start_s:
            last = math.floor((until_s - self._start_s) * self._rate_out_hz + 1.0)
            while last >= 0 and self._grid(last) > until_s:
                last -= 1
            count = max(0, last + 1 - self._emitted)
        if count == 0:
            return np.empty(0), np.empty(0, dtype=np.bool_)
        at = self._start_s + np.arange(self._emitted, self._emitted + count) / self._rate_out_hz
        values, marks = self._interpolate(at)
        self._emitted += count
        self._forget(self._grid(self._emitted) - self._reach_s)
        return values, marks

    def _grid(self, number: int) -> float:
        return self._start_s + number / self._rate_out_hz

    def _interpolate(self, at: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        first = np.searchsorted(self._times, at - self._reach_s)
        taps = int((np.searchsorted(self._times, at + self._reach_s, side="right") - first).max())
        top = self._times.size - 1
        tap = first + np.arange(taps)[:, None]
        index = np.minimum(tap, top)
        offset = np.where(tap > top, np.inf, self._times[index] - at)
        weight = self._kernel(offset)
        # Running sums: a plain sum's order of additions may depend on how many outputs there are.
        total = np.cumsum(weight * self._values[index], axis=0)[-1]
        norm = np.cumsum(weight, axis=0)[-1]
        nearest = np.argmin(np.abs(offset), axis=0)
        return total / norm, self._marks[index[nearest, np.arange(at.size)]]

    def _kernel(self, offset_s: Floats) -> Floats:
        inside = np.abs(offset_s) < self._reach_s
        u = np.where(inside, offset_s, 0.0)
        weight = np.sinc(2.0 * self._cutoff_hz * u) * (0.5 + 0.5 * np.cos(math.pi / self._reach_s * u))
        return np.where(inside, weight, 0.0)

    def _forget(self, before_s: float) -> None:
        # One sample more than the kernel can reach, so that an edge is never decided by rounding.
        keep = max(0, int(np.searchsorted(self._times, before_s)) - 1)
        self._times, self._values, self._marks = self._times[keep:], self._values[keep:], self._marks[keep:]
