"""Counts of a link and the rate its clock shows."""

from dataclasses import dataclass, field

from firmware_bridge.messages import LinkStatistics

MIN_SPAN_US = 2_000_000
"""A rate from less than this says more about jitter than about the sensor: 20 ms in 2 s are 1 %."""


@dataclass(slots=True)
class RateMeter:
    """Samples a second between the first and the newest clock reading of an epoch."""

    _first: tuple[int, int] | None = None
    _newest: tuple[int, int] = (0, 0)

    def update(self, index: int, t_us: int) -> None:
        """Note that ``index`` was the newest sample at ``t_us``."""
        self._newest = (index, t_us)
        if self._first is None:
            self._first = self._newest

    @property
    def rate_hz(self) -> float | None:
        """None during the first 2 s."""
        if self._first is None:
            return None
        span_us = self._newest[1] - self._first[1]
        return (self._newest[0] - self._first[0]) * 1e6 / span_us if span_us >= MIN_SPAN_US else None


@dataclass(slots=True)
class Tally:
    """Totals over a reader's life, and the epoch it is in; frames and text lines count into the same one."""

    epoch: int = 0
    samples: int = 0
    lost: int = 0
    corrupt: int = 0
    restarts: int = 0
    forged: int = 0
    meter: RateMeter = field(default_factory=RateMeter)

    def begin_epoch(self) -> None:
        """What follows cannot be joined to what was."""
        self.epoch += 1
        self.meter = RateMeter()

    def statistics(self) -> LinkStatistics:
        """The totals so far."""
        return LinkStatistics(self.samples, self.lost, self.corrupt, self.restarts, self.meter.rate_hz, self.forged)
