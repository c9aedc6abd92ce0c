"""Cutting the filtered stream into standardised windows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.frontend.quality import Quality, assess
from device.frontend.spec import FrontEndSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One window, ready to be embedded if its quality is good."""

    epoch: int
    start: int
    """Number of its first sample at 125 Hz since the start of the epoch."""
    pulse: NDArray[np.float32]
    """(window_samples,) mean 0 and standard deviation 1; zeros where the signal was constant."""
    quality: Quality
    interpolated: int
    """Samples of it that were interpolated over a short gap."""
    dc_counts: float | None = None
    """Mean of the infrared light; None where the unit of a recording is unknown, and not a sensor's counts."""
    ac_counts: float | None = None
    """Standard deviation of the filtered pulse, likewise."""


class Windower:
    """Collects one epoch's samples and gives a window each hop, once the filter has settled."""

    def __init__(self, spec: FrontEndSpec, epoch: int, *, counts: bool) -> None:
        """
        Args:
            spec: the front end.
            epoch: the number its windows carry.
            counts: whether raw samples are a sensor's (negated) counts, so that finger and saturation can be judged.
        """
        self._spec = spec
        self._epoch = epoch
        self._counts = counts
        self._start = 0
        self._skip = spec.settle_samples
        self._filtered: Floats = np.empty(0)
        self._raw: Floats = np.empty(0)
        self._marks: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)

    def feed(self, filtered: Floats, raw: Floats, marks: NDArray[np.bool_]) -> list[Window]:
        """Take the next samples of the epoch, (n,) each, and give the windows they complete."""
        self._filtered = np.concatenate((self._filtered, filtered))
        self._raw = np.concatenate((self._raw, raw))
        self._marks = np.concatenate((self._marks, marks))
        self._drop(min(self._skip, self._filtered.size), settling=True)
        windows = []
        at = 0
        while self._skip == 0 and self._filtered.size - at >= self._spec.window_samples:
            windows.append(self._cut(at))
            at += self._spec.hop_samples
        self._drop(min(at, self._filtered.size), settling=False)
        return windows

    def _drop(self, count: int, *, settling: bool) -> None:
        self._start += count
        self._skip -= count if settling else 0
        self._filtered, self._raw, self._marks = self._filtered[count:], self._raw[count:], self._marks[count:]

    def _cut(self, at: int) -> Window:
        spec = self._spec
        part = slice(at, at + spec.window_samples)
        filtered = self._filtered[part]
        raw = -self._raw[part] if self._counts else self._raw[part]
        interpolated = int(self._marks[part].sum())
        quality = assess(
            filtered,
            raw,
            interpolated / spec.window_samples,
            spec.rate_hz,
            spec.quality,
            counts=self._counts,
        )
        light = (float(raw.mean()), float(filtered.std())) if self._counts else (None, None)
        return Window(self._epoch, self._start + at, standardise(filtered), quality, interpolated, *light)


def standardise(filtered: Floats) -> NDArray[np.float32]:
    """Mean 0, standard deviation 1, as float32 (n,); zeros where the signal is constant."""
    centred = filtered - filtered.mean()
    spread = float(centred.std())
    if spread == 0.0:
        return np.zeros(filtered.size, dtype=np.float32)
    standardised: NDArray[np.float32] = (centred / spread).astype(np.float32)
    return standardised
