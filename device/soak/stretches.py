"""How many windows a stretch of signal without a hole should have given, by arithmetic alone, and how many it gave."""

from device.frontend import FrontEndSpec

_MARGIN = 40
"""Samples at the ends of a stretch that may lie in no window yet: what the resampler holds back, and its start."""


class Stretches:
    """Take blocks in order; `end` says that a stretch is over, or that one may be. `lost` counts windows."""

    def __init__(self, spec: FrontEndSpec) -> None:
        self._spec = spec
        self._samples, self._windows, self._ending = 0, 0, False
        self._rate_hz: float | None = None
        self.due = self.lost = 0

    def end(self) -> None:
        """A hole, another epoch, or a sensor that was put on or taken off: what comes next stands for itself."""
        self._ending = True

    def block(self, samples: int, windows: int, rate_hz: float | None, *, idle: bool) -> None:
        """Take a block and the number of windows that it completed.

        Args:
            samples: in the block.
            windows: the first block after a hole completes those of the stretch before.
            rate_hz: as measured; None while it is not known.
            idle: nobody may try, so no window is cut: the stretch does not count.
        """
        if self._ending:
            self._close(windows)
            windows = 0
        self._windows += windows
        self._samples += samples
        self._rate_hz = rate_hz or self._rate_hz
        if idle:
            self._samples, self._windows = 0, 0

    def _close(self, windows: int) -> None:
        spec = self._spec
        resampled = self._samples * spec.rate_hz / self._rate_hz if self._rate_hz else 0.0
        left = resampled - spec.settle_samples - spec.window_samples - _MARGIN
        due = int(left // spec.hop_samples) + 1 if left >= 0 else 0
        self.due += due
        self.lost += max(0, due - self._windows - windows)
        self._samples, self._windows, self._ending = 0, 0, False
