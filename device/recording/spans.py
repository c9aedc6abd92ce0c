"""What a journal holds: spans of samples that one clock counted, laid on the grid of their indices."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import SignalError, SignalReason
from device.recording.journal import Batch, JournalReader, Session
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings.recording import LOST_COUNTS

MIN_SPAN_US = 2_000_000
"""A rate from less says more about jitter than about the sensor."""
LONGEST_GAP = 1_000_000
"""Lost samples, over two hours at 125 Hz: after more a span ends, so that a wrong index cannot fill a disk."""
PAGE_BATCHES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Samples of one span in the order they came: `index` (n,) ascending, `counts` (n, 2) IR and RED."""

    span: int
    session: Session
    blocks: NDArray[Any]
    index: NDArray[np.int64]
    counts: NDArray[np.int32]


@dataclass(slots=True)
class Span:
    """One epoch, or a part of it on one side of a gap beyond all measure; becomes one record."""

    session: Session
    epoch: int
    first_index: int
    next_index: int
    came_us: int
    """This machine's clock, microseconds since 1970, when its first block came."""
    samples: int = 0
    blocks: int = 0
    ir_range: tuple[int, int] = (2**31, -(2**31))
    has_red: bool = False
    _origin: tuple[int, int] = (0, 0)
    _sums: list[int] = field(default_factory=lambda: [0, 0, 0, 0, 0])
    _reach_us: int = 0

    def add(self, run: Run) -> None:
        """Count what comes next of it."""
        ir = run.counts[:, 0]
        self.next_index = int(run.index[-1]) + 1
        self.samples += len(ir)
        self.ir_range = (min(self.ir_range[0], int(ir.min())), max(self.ir_range[1], int(ir.max())))
        self.has_red |= bool(run.counts[:, 1].any())
        if not self.blocks:
            self._origin = (int(run.blocks["t_us"][0]), int(run.blocks["clock_index"][0]))
        self.blocks += len(run.blocks)
        # In whole numbers: squares of a day's microseconds do not fit 64 bits.
        for t_us, index in zip(run.blocks["t_us"].tolist(), run.blocks["clock_index"].tolist(), strict=True):
            x, y = t_us - self._origin[0], index - self._origin[1]
            self._reach_us = x
            for slot, term in enumerate((1, x, y, x * x, x * y)):
                self._sums[slot] += term

    @property
    def length(self) -> int:
        """Samples from its first to its last, missing ones too."""
        return self.next_index - self.first_index

    @property
    def clock_sums(self) -> tuple[int, int]:
        """Sxy and Sxx, times the number of readings, of the regression of index on microseconds; 0, 0 below 2 s."""
        n, x, y, xx, xy = self._sums
        return (n * xy - x * y, n * xx - x * x) if self._reach_us >= MIN_SPAN_US else (0, 0)


@dataclass(frozen=True, slots=True)
class Contents:
    """A journal's spans, and the rate of each in Hz: measured, or of one below 2 s the others'."""

    spans: list[Span]
    rates_hz: list[float]
    rate_hz: float
    """One for all: each span weighs by how well it shows the rate."""

    @property
    def samples(self) -> int:
        """Measured ones."""
        return sum(span.samples for span in self.spans)

    @property
    def missing(self) -> int:
        """Lost between the first and the last sample of each span."""
        return sum(span.length - span.samples for span in self.spans)

    @property
    def seconds(self) -> float:
        """Lasting of all spans, without the time between them."""
        return sum(span.length / rate for span, rate in zip(self.spans, self.rates_hz, strict=True))


def read_contents(journal: JournalReader) -> Contents:
    """What a journal holds.

    Raises:
        RecordingError: it cannot be read, or NO_SIGNAL without one sample.
        SignalError: RATE where no span lasts 2 s.
    """
    spans = read_spans(journal)
    if not spans:
        raise RecordingError(RecordingReason.NO_SIGNAL, f"{journal.path} holds no sample: delete it to begin anew")
    sums = [span.clock_sums for span in spans]
    rates = [1e6 * xy / xx if xx else None for xy, xx in sums]
    weights = [xx / span.blocks for (_, xx), span in zip(sums, spans, strict=True)]
    known = [(rate, weight) for rate, weight in zip(rates, weights, strict=True) if rate is not None]
    if not known:
        raise SignalError(
            SignalReason.RATE,
            f"the rate is not known from less than 2 s: continue {journal.path} with --resume, or delete it",
        )
    pooled = sum(rate * weight for rate, weight in known) / sum(weight for _, weight in known)
    return Contents(spans, [pooled if rate is None else rate for rate in rates], pooled)


def read_spans(journal: JournalReader) -> list[Span]:
    """The spans of a journal, empty if it holds no sample."""
    spans: list[Span] = []
    for run in runs(journal):
        if run.span == len(spans):
            first = int(run.index[0])
            epoch, came_us = int(run.blocks["epoch"][0]), int(run.blocks["unix_us"][0])
            spans.append(Span(run.session, epoch, first, first, came_us))
        spans[-1].add(run)
    return spans


def runs(journal: JournalReader) -> Iterator[Run]:
    """All samples in order, a span's runs one after another.

    Raises:
        RecordingError: BAD_ARRAY if an index goes back within an epoch.
    """
    span, epoch, next_index = -1, -1, 0
    for session, batches in _pages(journal):
        blocks = np.concatenate([batch.blocks for batch in batches])
        measured = np.concatenate([batch.counts for batch in batches])
        ends = np.cumsum(blocks["count"].astype(np.int64))
        for first, last in _same_epoch(blocks):
            part = blocks[first:last]
            if int(part["epoch"][0]) != epoch or part["index"][0] - next_index > LONGEST_GAP:
                span += 1
            elif part["index"][0] < next_index:
                raise RecordingError(RecordingReason.BAD_ARRAY, f"{journal.path}: index {part['index'][0]} goes back")
            samples = slice(int(ends[first] - part["count"][0]), int(ends[last - 1]))
            counts = part["count"].astype(np.int64)
            index = np.repeat(part["index"] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
            yield Run(span, session, part, index, measured[samples])
            epoch, next_index = int(part["epoch"][0]), int(index[-1]) + 1


def _pages(journal: JournalReader) -> Iterator[tuple[Session, list[Batch]]]:
    """Batches of one session, some at once: numpy's work is then worth its call."""
    session = Session("", "")
    held: list[Batch] = []
    for record in journal:
        if isinstance(record, Batch):
            held.append(record)
        if held and (isinstance(record, Session) or len(held) == PAGE_BATCHES):
            yield session, held
            held = []
        if isinstance(record, Session):
            session = record
    if held:
        yield session, held


def _same_epoch(blocks: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """First and last + 1 of the blocks between which neither the epoch changes nor a gap is beyond all measure."""
    after = blocks["index"] + blocks["count"]
    jumps = blocks["index"][1:] - after[:-1]
    cuts = np.flatnonzero((np.diff(blocks["epoch"].astype(np.int64)) != 0) | (jumps > LONGEST_GAP) | (jumps < 0)) + 1
    edges = [0, *cuts.tolist(), len(blocks)]
    return pairwise(edges)


def grid(journal: JournalReader) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Number of the span and its next samples (k, 2), `LOST_COUNTS` where they were lost."""
    span, cursor = -1, 0
    for run in runs(journal):
        if run.span != span:
            span, cursor = run.span, int(run.index[0])
        part = np.full((int(run.index[-1]) + 1 - cursor, 2), LOST_COUNTS, np.int32)
        part[run.index - cursor] = run.counts
        cursor += len(part)
        yield span, part
