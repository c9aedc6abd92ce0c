"""A recording's windows in the order of time, in memory that its length does not matter to."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.frontend import FrontEnd, FrontEndSpec, Window
from firmware_bridge.recordings import Recording

BLOCK_S = 300.0
"""Fed to the front end at once: longer gains nothing, and the resampler's arrays grow with it (some 100 bytes a sample
and tap)."""

HASH_SAMPLES = 1 << 20
"""Copied at once to be hashed."""


@dataclass(frozen=True, slots=True, eq=False)
class TimedWindow:
    """A window, and where in its recording it begins."""

    start_s: float
    window: Window


def timed_windows(recording: Recording, spec: FrontEndSpec) -> Iterator[TimedWindow]:
    """What ``device.frontend.windows_of`` gives for the whole recording, bit for bit, block by block.

    Args:
        recording: of any length; missing samples are NaN.
        spec: the front end.
    """
    front_end = FrontEnd(spec)
    begins_s: list[float] = []
    next_index, period_s = 0, 1.0 / recording.rate_hz
    for first, values in _runs(recording):
        # The front end's own rule, in its own arithmetic: it tells of an epoch's number, and not where it began.
        if not begins_s or (first - next_index) * period_s * 1e3 > spec.max_gap_ms:
            yield from _timed(front_end.break_epoch(), begins_s, spec)
            begins_s.append(first * period_s)
        next_index = first + values.size
        yield from _timed(front_end.feed(first, values, period_s), begins_s, spec)
    yield from _timed(front_end.break_epoch(), begins_s, spec)


def content_hash(recording: Recording) -> str:
    """SHA-256 (hex) of the raw signal, as little-endian float64 with one kind of NaN."""
    digest = hashlib.sha256()
    for begin in range(0, recording.ppg.size, HASH_SAMPLES):
        part = recording.ppg[begin : begin + HASH_SAMPLES]
        digest.update(np.where(np.isnan(part), np.nan, part).astype("<f8").tobytes())
    return digest.hexdigest()


def _runs(recording: Recording) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Samples without a hole, and the number of the first; none longer than a block."""
    block = max(1, round(BLOCK_S * recording.rate_hz))
    for begin in range(0, recording.ppg.size, block):
        part = recording.ppg[begin : begin + block]
        present = np.flatnonzero(np.isfinite(part))
        for run in np.split(present, np.flatnonzero(np.diff(present) > 1) + 1):
            if run.size:
                yield begin + int(run[0]), part[run[0] : run[-1] + 1]


def _timed(windows: list[Window], begins_s: list[float], spec: FrontEndSpec) -> Iterator[TimedWindow]:
    for window in windows:
        yield TimedWindow(begins_s[window.epoch] + window.start / spec.rate_hz, window)
