"""WFDB records by the wfdb package, its faults in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import wfdb
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError
from firmware_bridge.recordings.recording import checked_rate
from train.sources.failing import no_signal, unreadable

PULSE = "PLETH"
"""PhysioNet's name of the pulse."""
FAULTS = (OSError, RuntimeError, ValueError, IndexError, KeyError, TypeError, AttributeError)
"""What wfdb raises at files that are missing, cut or no WFDB."""


def read_header(header: Path) -> Any:
    """A ``.hea`` file as wfdb reads it, without signal.

    Raises:
        RecordingError: UNREADABLE.
    """
    try:
        return wfdb.rdheader(str(header.with_suffix("")))
    except FAULTS as error:
        raise unreadable(header, error) from error


def signal_names(record: Any) -> list[str]:
    """The names of a record's signals, upper case; some headers end them in a comma."""
    return [str(name).strip(" ,").upper() for name in record.sig_name or []]


def read_pulse(header: Path, first: int = 0, last: int | None = None) -> tuple[NDArray[np.float64], float]:
    """Frames ``first`` up to ``last`` of the pulse: (n,) in the file's unit, NaN where missing, and its rate in Hz.

    A signal may have several samples a frame; then its rate is as many times the record's.

    Raises:
        RecordingError: a file cannot be read, or NO_SIGNAL if none is a pulse.
    """
    names = signal_names(read_header(header))
    if PULSE not in names:
        raise no_pulse(header, names)
    name, chosen = str(header.with_suffix("")), [names.index(PULSE)]
    try:
        part = wfdb.rdrecord(name, sampfrom=first, sampto=last, channels=chosen, smooth_frames=False)
    except FAULTS as error:
        raise unreadable(header, error) from error
    rate_hz = checked_rate(float(part.fs) * part.samps_per_frame[0], str(header))
    return np.asarray(part.e_p_signal[0], dtype=np.float64), rate_hz


def no_pulse(header: Path, names: list[str]) -> RecordingError:
    """That a record holds other signals only."""
    return no_signal(header, f"has no {PULSE} signal, only {', '.join(names) or 'nothing'}")
