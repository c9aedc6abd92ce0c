"""WFDB records: a ``.hea`` header and signals of 16 bits, in a ``.dat`` or a MATLAB v4 file."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings.recording import Recording, checked_rate

PPG_NAMES = ("PLETH", "PPG")
DEFAULT_GAIN = 200.0
"""What a gain of 0 or none means, by header(5) of the WFDB applications' guide."""
MISSING = -32768
"""The sample of format 16 that means none."""

_RECORD = re.compile(
    r"(?P<name>[^\s/]+)(?P<segments>/\d+)?\s+(?P<signals>\d{1,9})(?:\s+(?P<rate>[\d.eE+]+)\S*(?:\s+(?P<length>\d{1,18}))?)?(?:\s.*)?"
)
_SIGNAL = re.compile(
    r"(?P<file>\S+)\s+(?P<format>\d+)(?P<extras>[x:]\d+\S*)?(?:\+(?P<offset>\d{1,18}))?"
    r"(?:\s+(?P<gain>[-\d.eE+]+)(?:\((?P<baseline>-?\d{1,18})\))?(?:/\S+)?(?:\s+\d+(?:\s+(?P<zero>-?\d{1,18})"
    r"(?:\s+-?\d+(?:\s+-?\d+(?:\s+\d+(?:\s+(?P<name>.*))?)?)?)?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class _Signal:
    file: str
    format: str
    offset: int
    gain: float
    baseline: int
    name: str


def read_wfdb(path: str | os.PathLike[str]) -> Recording:
    """The first PLETH or PPG signal of the record whose header, signal file or bare name is ``path``.

    The subject is the ``sNNNNN`` that a MIMIC path in the comments names, else the record's name.

    Raises:
        RecordingError: a file is absent or cut short, has no such signal, or its signal another format than 16.
    """
    header = Path(path)
    if not header.name:
        raise RecordingError(RecordingReason.NOT_FOUND, f"{header} names no file")
    if header.suffix in (".dat", ".mat", ".hea"):
        header = header.with_suffix(".hea")
    else:
        header = header.with_name(header.name + ".hea")
    try:
        lines = header.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise RecordingError(RecordingReason.NOT_FOUND, f"cannot read {header}: {error.strerror}") from error
    comments = " ".join(line for line in lines if line.startswith("#"))
    record, *signal_lines = [line for line in lines if line.strip() and not line.startswith("#")] or [""]
    name, rate_hz, count, length = _record_line(header, record)
    signals = [_signal_line(header, line) for line in signal_lines[:count]]
    if len(signals) < count:
        raise _unreadable(header, f"it announces {count} signals and describes {len(signals)}")
    ppg = _samples(header, signals, _choose(header, signals), length)
    subject = re.search(r"\bs\d{5,6}\b", comments)
    return Recording(ppg, rate_hz, subject[0] if subject else name, name, name)


def _record_line(header: Path, line: str) -> tuple[str, float, int, int]:
    """Name, rate in Hz, number of signals and samples of each, 0 if it does not say."""
    match = _RECORD.fullmatch(line.strip())
    if match is None:
        raise _unreadable(header, f"no WFDB record line: {line[:60]!r}")
    if match["segments"]:
        raise _unreadable(header, "a record of several segments; give one of its segments")
    try:
        # 250 Hz is WFDB's own default for a record line without a rate.
        rate_hz = float(match["rate"] or 250)
    except ValueError as error:
        raise _unreadable(header, f"a sampling rate of {match['rate']!r}") from error
    return match["name"], checked_rate(rate_hz, str(header)), int(match["signals"]), int(match["length"] or 0)


def _signal_line(header: Path, line: str) -> _Signal:
    match = _SIGNAL.fullmatch(line.strip())
    if match is None:
        raise _unreadable(header, f"no WFDB signal line: {line[:60]!r}")
    zero = int(match["zero"] or 0)
    baseline = zero if match["baseline"] is None else int(match["baseline"])
    try:
        gain = float(match["gain"] or 0) or DEFAULT_GAIN
    except ValueError as error:
        raise _unreadable(header, f"a gain of {match['gain']!r}") from error
    form = match["format"] + (match["extras"] or "")
    return _Signal(match["file"], form, int(match["offset"] or 0), gain, baseline, (match["name"] or "").strip(" ,"))


def _choose(header: Path, signals: list[_Signal]) -> int:
    for i, one in enumerate(signals):
        if any(word in PPG_NAMES for word in re.split(r"[^A-Z0-9]+", one.name.upper())):
            return i
    names = ", ".join(one.name or "one without a name" for one in signals) or "none"
    raise RecordingError(RecordingReason.NO_SIGNAL, f"{header} has no PLETH or PPG signal; it has {names}")


def _samples(
    header: Path, signals: list[_Signal], chosen: int, length: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The chosen signal in its unit; signals of one file take turns, sample by sample."""
    one = signals[chosen]
    group = [i for i, other in enumerate(signals) if other.file == one.file]
    other = next((signals[i].format for i in group if signals[i].format != "16"), None)
    if other is not None:
        raise _unreadable(header, f"format {other}; only 16 is read: convert it with xform -O 16")
    path = header.parent / one.file
    # A header must not make the reader open a device, or another folder's files.
    if Path(one.file).name != one.file or "\0" in one.file:
        raise _unreadable(header, f"signal file {one.file[:60]!r} is no plain file beside it")
    try:
        if path.exists() and not path.is_file():
            raise _unreadable(path, "no plain file")
        content = path.read_bytes()[one.offset :]
    except OSError as error:
        raise RecordingError(RecordingReason.NOT_FOUND, f"cannot read {path}: {error.strerror}") from error
    frame = 2 * len(group)
    if length:
        content, wanted = content[: length * frame], length * frame
    else:
        wanted = max(1, len(content) // frame) * frame
    if len(content) != wanted:
        raise _unreadable(path, f"{len(content)} bytes of samples are cut short")
    raw = np.frombuffer(content, "<i2").reshape(-1, len(group))[:, group.index(chosen)]
    return np.where(raw == MISSING, np.nan, (raw - float(one.baseline)) / one.gain)


def _unreadable(path: Path, why: str) -> RecordingError:
    return RecordingError(RecordingReason.UNREADABLE, f"{path}: {why}")
