"""Who is a person in the recordings that train and test."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import wfdb
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording, read_cohort
from firmware_bridge.recordings.cohort import MISSING

ALARM_S = 285.0
"""The challenge's records end in an alarm; what comes later is the event itself."""
MIN_NUMBER_DISTANCE = 11
"""Records of the challenge whose numbers differ by less may be of one person."""


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


def read_challenge(path: Path, min_good: float) -> list[Identity]:
    """The people of the PhysioNet/CinC Challenge 2015 file: the best record of each inferred group.

    Args:
        path: the cohort file.
        min_good: least share of good signal of a record, 0 to 1.

    Raises:
        RecordingError: the file is missing or is another one.
    """
    cohort = read_cohort(path)
    with np.load(path, allow_pickle=False) as arrays:
        missing = [name for name in ("group", "number", "ppg_good_frac") if name not in arrays]
        if missing:
            raise RecordingError(
                RecordingReason.MISSING_ARRAY, f"{path} has no array {missing[0]!r}; give the challenge2015 cohort"
            )
        group, number, good = arrays["group"], arrays["number"], arrays["ppg_good_frac"]
    best: dict[int, int] = {}
    for i in np.argsort(-good, kind="stable"):
        if good[i] >= min_good:
            best.setdefault(int(group[i]), int(i))
    return [Identity(cohort[i].cut(0.0, ALARM_S), int(number[i])) for i in sorted(best.values())]


class Numbered(Protocol):
    """Whoever has a record number, -1 where nearness of two numbers means nothing."""

    @property
    def number(self) -> int:
        """As ``Identity.number``."""


_N = TypeVar("_N", bound=Numbered)


def may_be_one_person(first: Numbered, second: Numbered) -> bool:
    """Whether two recordings are too near in number to stand as impostors of each other."""
    return numbers_near(first.number, second.number)


def numbers_near(first: int, second: int) -> bool:
    """The same of two record numbers; -1 is near to none."""
    return min(first, second) >= 0 and abs(first - second) < MIN_NUMBER_DISTANCE


def hold_out(identities: Sequence[_N], count: int, seed: int) -> list[_N]:
    """Draw people to hold out, no two of whom may be one.

    Args:
        identities: one an inferred person.
        count: how many to draw at most.
        seed: of the draw.
    """
    held: list[_N] = []
    for i in np.random.default_rng(seed).permutation(len(identities)):
        if len(held) < count and not any(may_be_one_person(identities[i], other) for other in held):
            held.append(identities[i])
    return held


def without(identities: list[Identity], held: list[Identity]) -> list[Identity]:
    """Those of another inferred group than anyone held out; groups are merged too eagerly, never too little."""
    subjects = {one.subject for one in held}
    return [one for one in identities if one.subject not in subjects]


def read_bidmc(folder: Path) -> list[Identity]:
    """The people of the BIDMC set, one record each, from its WFDB files; the person is named in the header.

    Raises:
        RecordingError: the folder or one of its records cannot be read.
    """
    headers = sorted(folder.glob("bidmc*.hea"))
    if not headers:
        raise RecordingError(RecordingReason.NOT_FOUND, f"no bidmc*.hea in {folder}; give the folder of the WFDB files")
    return [Identity(_bidmc_recording(header)) for header in headers]


def _bidmc_recording(header: Path) -> Recording:
    try:
        record = wfdb.rdrecord(str(header.with_suffix("")))
    except (OSError, ValueError) as error:
        raise RecordingError(RecordingReason.UNREADABLE, f"cannot read {header}: {error}") from error
    names = [name.strip(" ,").upper() for name in record.sig_name]
    if "PLETH" not in names:
        raise RecordingError(RecordingReason.MISSING_ARRAY, f"{header} has no PLETH signal; leave it out")
    words = " ".join(record.comments).replace("/", " ").split()
    subjects = [word for word in words if word[:1] == "s" and word[1:].isdigit()]
    if not subjects:
        raise RecordingError(RecordingReason.BAD_ARRAY, f"{header} does not name its person (sNNNNN); leave it out")
    ppg = np.asarray(record.p_signal[:, names.index("PLETH")], dtype=np.float64)
    return Recording(ppg, float(record.fs), subjects[0], header.stem, header.stem)


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
