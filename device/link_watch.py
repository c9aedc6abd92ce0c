"""A board's link, looked at once a second: what `pulsekey ports --watch` shows."""

import time
from collections.abc import Callable, Iterable, Iterator

from device.events import Event, LinkStatus
from device.link_events import describe, link_event
from firmware_bridge import BoardInfo, CommandAnswered, LinkStatistics, Message, SampleBlock, SketchInfo

PERIOD_S = 1.0
FINGER_COUNTS = 20_000
"""Of IR; the board's firmware too takes less for open air."""


class LinkWatch:
    """Turns a reader's messages into a status a second, and what happens to the link in between.

    While nothing comes there is no status: a link that is lost, and one that is back, are told at once.
    """

    def __init__(self, totals: Callable[[], LinkStatistics], clock: Callable[[], float] = time.monotonic) -> None:
        """`totals` are the reader's so far; `clock` counts seconds."""
        self._totals = totals
        self._clock = clock
        self._started = clock()
        self._description = "no word from the board yet"
        self._begin()

    def _begin(self) -> None:
        self._sums, self._samples = (0, 0), 0

    def events(self, messages: Iterable[Message]) -> Iterator[Event]:
        """Statuses and news until the messages end, with a last status then."""
        due = self._now() + PERIOD_S
        for message in messages:
            if isinstance(message, SampleBlock):
                ir, red = self._sums
                self._sums = ir + int(message.ir_counts.sum()), red + int(message.red_counts.sum())
                self._samples += len(message.ir_counts)
            elif isinstance(message, BoardInfo | SketchInfo):
                self._description = describe(message)
            elif not isinstance(message, LinkStatistics | CommandAnswered):
                yield link_event(message, self._now())
            if self._now() >= due:
                # On the second, however long nothing came.
                due += PERIOD_S * (1 + (self._now() - due) // PERIOD_S)
                yield self._status()
        yield self._status()

    def _now(self) -> float:
        return self._clock() - self._started

    def _status(self) -> LinkStatus:
        totals, n = self._totals(), self._samples
        ir, red = (round(total / n) for total in self._sums) if n else (None, None)
        self._begin()
        return LinkStatus(
            time_s=self._now(),
            samples=totals.samples,
            lost=totals.lost,
            corrupt=totals.corrupt,
            restarts=totals.restarts,
            measured_rate_hz=totals.measured_rate_hz,
            ir_counts=ir,
            red_counts=red,
            finger=ir is not None and ir >= FINGER_COUNTS,
            description=self._description,
            forged=totals.forged,
        )
