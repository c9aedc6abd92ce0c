"""From a reader's messages to the journal: gathered for a second, then written and synced."""

import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from device.recording.journal import BLOCK, Batch, Journal
from firmware_bridge import LinkLost, Message, SampleBlock

SYNC_S = 1.0
"""What a crash can cost at most; an SD card bears a sync a second."""
MAX_BATCH_SAMPLES = 8192
"""Of a replay that comes as fast as it is read."""


class Recorder:
    """Appends every block that passes through `taking` to a journal; epochs go on from `first_epoch`."""

    def __init__(
        self,
        journal: Journal,
        first_epoch: int = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
        unix_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._journal, self._first_epoch, self._clock, self._unix_us = journal, first_epoch, clock, unix_us
        self._held: list[SampleBlock] = []
        self._came_us: list[int] = []
        self._held_samples = 0
        self._due = clock() + SYNC_S
        self.samples = 0
        """In the journal, of this recorder."""

    def taking(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The same messages; what they brought is in the journal when they end, however they end.

        Raises:
            CommandError: the journal cannot be written.
        """
        try:
            for message in messages:
                if isinstance(message, SampleBlock):
                    self._held.append(message)
                    self._came_us.append(self._unix_us())
                    self._held_samples += len(message.ir_counts)
                full = self._held_samples >= MAX_BATCH_SAMPLES
                if full or isinstance(message, LinkLost) or self._clock() >= self._due:
                    self._write()
                yield message
        finally:
            self._write()

    def _write(self) -> None:
        held, came_us, samples = self._held, self._came_us, self._held_samples
        # Forgotten first: a write that failed is not tried again on the way out, with half of it in the file.
        self._held, self._came_us, self._held_samples = [], [], 0
        if held:
            self._append(held, came_us, samples)
        # From when it is done: a sync that takes longer than its turn would be due again at once, for every message.
        self._due = self._clock() + SYNC_S

    def _append(self, held: list[SampleBlock], came_us: list[int], samples: int) -> None:
        rows = [
            (b.index, b.clock_index, b.t_us, came, b.epoch + self._first_epoch, len(b.ir_counts), int(b.flags))
            for b, came in zip(held, came_us, strict=True)
        ]
        ir = np.concatenate([block.ir_counts for block in held])
        red = np.concatenate([block.red_counts for block in held])
        self._journal.append(Batch(np.array(rows, BLOCK), np.stack([ir, red], axis=1)))
        self.samples += samples
