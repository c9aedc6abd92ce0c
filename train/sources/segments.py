"""WFDB records of many segments, as MIMIC's waveforms are, in parts of bounded length.

A master header lists segments and, as ``~``, the time between; a segment holds whichever signals were there. A part is
an hour at most of a run whose segments follow each other; what misses the pulse inside it is NaN.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.sources.failing import malformed, no_signal
from train.sources.wfdb_files import PULSE, read_header, read_pulse, signal_names

PART_S = 3600.0
"""An hour at 125 Hz is 3.6 MB; a stay can last weeks."""
BRIDGED_S = 10.0
"""A gap this short stays inside a part, as NaN; a longer one ends it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a record that has one header, or none where nothing was recorded."""

    name: str
    """``~`` for none."""
    first: int
    """Its first frame, counted from the record's beginning."""
    frames: int


@dataclass(frozen=True, slots=True)
class Part:
    """Frames ``first`` up to ``last`` of a record."""

    header: Path
    first: int
    last: int
    segments: tuple[Segment, ...]


def segments_of(header: Path, master: Any) -> list[Segment]:
    """What a master header lists, in order, without its layout.

    Raises:
        RecordingError: it is no record of several segments.
    """
    if getattr(master, "seg_name", None) is None:
        raise malformed(header, "a record of one segment, where a list of segments was expected")
    found, first = [], 0
    for name, frames in zip(master.seg_name, master.seg_len, strict=True):
        if frames:  # the layout is listed as a segment of no length
            found.append(Segment(name, first, frames))
        first += frames
    return found


def may_have_pulse(header: Path, master: Any) -> bool:
    """Whether the record's layout names a pulse; True where there is no layout to ask.

    Raises:
        RecordingError: the layout cannot be read.
    """
    layouts = [name for name, frames in zip(master.seg_name, master.seg_len, strict=True) if frames == 0]
    return not layouts or PULSE in signal_names(read_header(header.with_name(f"{layouts[0]}.hea")))


def parts_of(header: Path, segments: list[Segment], rate_hz: float) -> list[Part]:
    """The record cut at its longer gaps, and then at every hour.

    Args:
        header: of the record; its segments lie beside it.
        segments: as ``segments_of`` gives them.
        rate_hz: frames a second.
    """
    runs: list[list[Segment]] = [[]]
    for one in segments:
        if one.name != "~":
            runs[-1].append(one)
        elif one.frames > BRIDGED_S * rate_hz:
            runs.append([])
    step = round(PART_S * rate_hz)
    parts = []
    for run in runs:
        end = run[-1].first + run[-1].frames if run else 0
        for first in range(run[0].first if run else 0, end, step):
            last = min(first + step, end)
            inside = tuple(one for one in run if one.first < last and one.first + one.frames > first)
            parts.append(Part(header, first, last, inside))
    return parts


def read_part(part: Part) -> tuple[NDArray[np.float64], float]:
    """The pulse of one part, segment by segment: (n,), NaN where a segment has none, and its rate in Hz.

    Raises:
        RecordingError: a segment cannot be read, their rates differ, or none has a pulse.
    """
    ppg, rate_hz, per_frame = np.empty(0), 0.0, 1
    for one in part.segments:
        header = part.header.with_name(f"{one.name}.hea")
        described = read_header(header)
        if PULSE not in signal_names(described):
            continue
        first, last = max(part.first, one.first), min(part.last, one.first + one.frames)
        piece, its_rate_hz = read_pulse(header, first - one.first, last - one.first)
        if not rate_hz:
            rate_hz, per_frame = its_rate_hz, round(its_rate_hz / float(described.fs))
            ppg = np.full((part.last - part.first) * per_frame, np.nan)
        if its_rate_hz != rate_hz or piece.size != (last - first) * per_frame:
            raise malformed(header, f"{piece.size} samples at {its_rate_hz:g} Hz do not fit the record")
        place = (first - part.first) * per_frame
        ppg[place : place + piece.size] = piece
    if not np.isfinite(ppg).any():
        raise no_signal(part.header, f"has no {PULSE} from frame {part.first} to {part.last}")
    return ppg, rate_hz
