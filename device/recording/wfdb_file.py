"""A recording as a WFDB record: the pulse in format 16 for every reader, and the counts in format 32 beside it.

Formats, header and checksums as in header(5) and signal(5) of the WFDB Applications Guide,
https://physionet.org/physiotools/wag/
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.recording.journal import JournalReader
from device.recording.quantising import Quantiser
from device.recording.spans import Contents, grid
from device.recording.timeline import span_starts_s
from firmware_bridge.recordings.recording import LOST_COUNTS

FILL_SAMPLES = 1 << 16


class _Signal:
    """First sample and checksum of what is written."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.sum = 0

    def add(self, values: NDArray[np.integer]) -> None:
        self.first = int(values[0]) if self.first is None else self.first
        self.sum += int(values.sum(dtype=np.int64))

    @property
    def checksum(self) -> int:
        return (self.sum + 0x8000) % 0x10000 - 0x8000


def write_wfdb(header: Path, pulse: Path, counts: Path, name: str, journal: JournalReader, contents: Contents) -> None:
    """Write a journal as the record `name`, a batch in memory at a time; spans lie where this machine's clock says.

    Args:
        header: written last; it names `NAME.dat`, the pulse, and `NAME_counts.dat`, IR and RED.
        pulse: the file that is to become NAME.dat.
        counts: the one that is to become NAME_counts.dat.
        name: of the record: letters, digits, `-` and `_`.
        journal: what was recorded.
        contents: of the journal.

    Raises:
        OSError: they cannot be written. RecordingError: interrupted for too long, see `span_starts_s`.
    """
    lows, highs = zip(*(span.ir_range for span in contents.spans), strict=True)
    quantiser = Quantiser.of((min(lows), max(highs)))
    has_red = any(span.has_red for span in contents.spans)
    ppg, ir, red = _Signal(), _Signal(), _Signal()
    length, firsts = 0, _first_samples(contents)
    with pulse.open("wb") as pulse_file, counts.open("wb") as counts_file:
        for part in _on_one_axis(journal, firsts):
            values = quantiser.values(part[:, 0])
            for signal, column in ((ppg, values), (ir, part[:, 0]), (red, part[:, 1])):
                signal.add(column)
            pulse_file.write(values.astype("<i2").tobytes())
            counts_file.write(part[:, : 1 + has_red].astype("<i4").tobytes())
            length += len(part)
    gain = 1.0 / quantiser.step
    lines = [
        f"{name} {2 + has_red} {contents.rate_hz:.9g} {length}",
        f"{name}.dat 16 {gain:.9g}({quantiser.zero})/counts 16 0 {ppg.first} {ppg.checksum} 0 PLETH",
        f"{name}_counts.dat 32 1(0)/counts 32 0 {ir.first} {ir.checksum} 0 IR",
    ]
    if has_red:
        lines.append(f"{name}_counts.dat 32 1(0)/counts 32 0 {red.first} {red.checksum} 0 RED")
    header.write_text("\n".join([*lines, *_comments(contents, firsts)]) + "\n", "utf-8")


def _comments(contents: Contents, firsts: list[int]) -> Iterator[str]:
    for span, rate_hz, first in zip(contents.spans, contents.rates_hz, firsts, strict=True):
        yield (
            f"# epoch {span.epoch}: from sample {first}, index {span.first_index}, {rate_hz:.9g} Hz, "
            f"subject {span.session.subject}, session {span.session.session}"
        )


def _first_samples(contents: Contents) -> list[int]:
    firsts: list[int] = []
    end = 0
    for span, start_s in zip(contents.spans, span_starts_s(contents), strict=True):
        firsts.append(max(round(start_s * contents.rate_hz), end))
        end = firsts[-1] + span.length
    return firsts


def _on_one_axis(journal: JournalReader, firsts: list[int]) -> Iterator[NDArray[np.int32]]:
    """All spans' samples (k, 2), and missing ones between the spans."""
    at, span = 0, -1
    for number, part in grid(journal):
        if number != span:
            span = number
            while at < firsts[span]:
                fill = min(firsts[span] - at, FILL_SAMPLES)
                yield np.full((fill, 2), LOST_COUNTS, np.int32)
                at += fill
        yield part
        at += len(part)
