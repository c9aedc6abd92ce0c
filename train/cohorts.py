"""Who is a person in the recordings that train and test."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording
from firmware_bridge.recordings.cohort import MISSING
from train.sources.bidmc import BidmcSource
from train.sources.challenge2015 import read_table


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """One person's one recording."""

    recording: Recording
    number: int = -1
    """Record number where nearness of two numbers may mean one person, else -1."""

    @property
    def subject(self) -> str:
        """Who it is."""
        return self.recording.subject


def read_challenge(path: Path, min_good: float, *, every: bool = False) -> list[Identity]:
    """The people of the PhysioNet/CinC Challenge 2015 file: the best record of each inferred group.

    Args:
        path: the cohort file.
        min_good: least share of good signal of a record, 0 to 1.
        every: all records of a group that are as good, the best first, instead of the best alone.

    Raises:
        RecordingError: the file is missing or is another one.
    """
    table = read_table(path)
    groups: dict[int, list[int]] = {}
    for i in np.argsort(-table.good, kind="stable"):
        if table.good[i] >= min_good:
            groups.setdefault(int(table.group[i]), []).append(int(i))
    chosen = [i for one in sorted(groups.values()) for i in (one if every else one[:1])]
    return [Identity(table.before_alarm(i), int(table.number[i])) for i in chosen]


def read_bidmc(folder: Path) -> list[Identity]:
    """The people of the BIDMC set, one record each, from its WFDB files; the person is named in the header.

    Raises:
        RecordingError: the folder or one of its records cannot be read.
    """
    return [Identity(one.read()) for one in BidmcSource("bidmc", folder).records()]


def write_cohort(path: Path, recordings: list[Recording]) -> None:
    """Write a ragged cohort file: int16 samples with a scale and an offset a record, -32768 for missing.

    Raises:
        RecordingError: rates differ, or a record has no sample.
    """
    rates = {one.rate_hz for one in recordings}
    if len(rates) != 1:
        raise RecordingError(RecordingReason.BAD_ARRAY, f"records of one cohort share one rate, not {sorted(rates)}")
    coded = [_coded(one) for one in recordings]
    sizes = [samples.size for samples, _, _ in coded]
    np.savez_compressed(
        path,
        fs=np.float64(rates.pop()),
        start=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        ppg=np.concatenate([samples for samples, _, _ in coded]),
        ppg_scale=np.array([scale for _, scale, _ in coded]),
        ppg_offset=np.array([offset for _, _, offset in coded]),
        subject=np.array([one.subject for one in recordings]),
        session=np.array([one.session for one in recordings]),
        record=np.array([one.record for one in recordings]),
    )


def _coded(one: Recording) -> tuple[NDArray[np.int16], float, float]:
    if not np.isfinite(one.ppg).any():
        raise RecordingError(RecordingReason.NO_SIGNAL, f"record {one.record} holds no sample; leave it out")
    low, high = float(np.nanmin(one.ppg)), float(np.nanmax(one.ppg))
    scale, offset = max(high - low, 1e-12) / 65_000.0, (high + low) / 2.0
    steps = np.rint((one.ppg - offset) / scale)
    return np.where(np.isfinite(steps), steps, MISSING).astype(np.int16), scale, offset
