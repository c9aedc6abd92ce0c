"""Text sketches: recognised from their first lines, read line by line, timed by the host's clock."""

import re
from collections import deque

import numpy as np

from firmware_bridge.messages import SampleBlock, SketchInfo
from firmware_bridge.protocol import DataFlags
from firmware_bridge.tallies import Tally
from firmware_bridge.text_formats import Sample, TextFormat, header_format, recognise

RECOGNISE_LINES = 3
"""So many lines in a row of one format make it sure: a banner, or noise, may look like one sample once."""
MAX_LINE = 256
"""The longest line of a known sketch has 70 characters; what is longer is no text."""
KEPT_LINES = 8
"""Enough lines of an unknown format to quote one that is not a banner."""


class LineSplitter:
    """Bytes to stripped lines, bounded: what exceeds ``MAX_LINE`` comes out cut off, and is no valid line."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that ``data`` completes, without their ends; empty ones are left out."""
        *lines, partial = (self._partial + data).split(b"\n")
        self._partial = partial[: MAX_LINE + 1]
        return [stripped for line in lines if (stripped := line[: MAX_LINE + 1].strip())]


def is_text(line: bytes) -> bool:
    """Whether a line can come from a sketch at the right baud rate."""
    return len(line) <= MAX_LINE and bool(re.fullmatch(rb"[\t\x20-\x7e]+", line))


class Sketch:
    """The lines of one connection: first recognised, then read.

    A line that cannot be read takes an index and counts as lost, since it was most likely a sample. The lines
    before recognition, the first of which may be half a line, count for nothing. A header in mid-stream is a
    restart.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._splitter = LineSplitter()
        self._lines_seen = 0
        self._candidate: TextFormat | None = None
        self._announced: TextFormat | None = None
        self._held: list[Sample] = []
        self._format: TextFormat | None = None
        self._newest = ""
        self._unread = 0
        self._index = 0
        self._introduced = False
        self.unknown: deque[bytes] = deque(maxlen=KEPT_LINES)

    @property
    def recognised(self) -> bool:
        """Whether the format is known."""
        return self._format is not None

    @property
    def has_red(self) -> bool:
        """Whether the format, once known, has RED."""
        return self._format is not None and self._format.has_red

    def feed(self, data: bytes, t_us: int) -> list[SampleBlock | SketchInfo]:
        """The samples of the lines that ``data`` completes, as one block that arrived at ``t_us``.

        Two blocks come of one call only where a header between them began a new epoch, and a line that cannot
        be read parts blocks too.
        """
        messages: list[SampleBlock | SketchInfo] = []
        run: list[Sample] = []
        for line in self._splitter.feed(data):
            sample = self._read(line)
            if isinstance(sample, list):
                run += sample
                continue
            messages += self._block(run, t_us)
            run = []
            self._skip(line)
        messages += self._block(run, t_us)
        rate_hz = self._tally.meter.rate_hz
        if self._format and rate_hz is not None and not self._introduced:
            self._introduced = True
            messages.append(SketchInfo(self._format.name, rate_hz, self._format.has_red))
        return messages

    def _read(self, line: bytes) -> list[Sample] | None:
        """The samples a line adds: none while recognising, then those held; None if it is bad."""
        text = line.decode("ascii", "replace")
        if self._format is None:
            return self._recognise(line, text)
        sample = self._format.parse(text)
        if sample is None:
            return None
        self._newest, self._unread = text, 0
        return [sample]

    def _recognise(self, line: bytes, text: str) -> list[Sample]:
        self._lines_seen += 1
        self._announced = header_format(text) or self._announced
        found = recognise(text, self._announced)
        # The first line may lack its beginning, and a number cut short is still a number.
        if found is None or self._lines_seen == 1:
            self._candidate, self._held = None, []
            self.unknown.append(line)
            return []
        form, sample = found
        if form is not self._candidate:
            self._candidate, self._held = form, []
        self._held.append(sample)
        if len(self._held) < RECOGNISE_LINES:
            self.unknown.append(line)
            return []
        self._format, self._newest = form, text
        return self._held

    def _skip(self, line: bytes) -> None:
        announced = header_format(line.decode("ascii", "replace"))
        # A label that damage took the colon from looks like a header; its format does not read the other lines.
        if announced is not None and announced.parse(self._newest) is not None:
            self._begin(announced)
            self._tally.restarts += 1
            return
        self._tally.corrupt += 1
        self._tally.lost += 1
        self._index += 1
        self._unread += 1
        if self._unread == KEPT_LINES:
            # Damage can look like three lines of another format: what nothing fits any more is recognised anew.
            self._begin(None)

    def _begin(self, form: TextFormat | None) -> None:
        """An epoch of another format, or of one that is yet to be recognised."""
        self._tally.begin_epoch()
        # A header stays true of what is recognised anew: without it RED and IR could change places.
        self._format, self._candidate, self._announced, self._held = form, None, form or self._announced, []
        self._index, self._unread, self._introduced = 0, 0, False

    def _block(self, run: list[Sample], t_us: int) -> list[SampleBlock]:
        if not run:
            return []
        counts = np.array(run, np.int32)
        first, self._index = self._index, self._index + len(run)
        self._tally.samples += len(run)
        self._tally.meter.update(self._index - 1, t_us)
        return [
            SampleBlock(first, self._tally.epoch, self._index - 1, t_us, counts[:, 0], counts[:, 1], DataFlags.NONE)
        ]
