"""The PhysioNet/CinC Challenge 2015: the cohort file made of it, and the training set as published.

Who is who is not published. The cohort file has an inferred, over-merged person for each record (``group``), and in
both layouts the record's number goes along, since near numbers may be one patient.
"""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Cohort, Recording, read_cohort
from train.sources.base import SourceRecord
from train.sources.wfdb_files import read_pulse

ALARM_S = 285.0
"""The challenge's records end in an alarm; what comes later is the event itself."""
SITE = "finger"
_RECORD = re.compile(r"[abftv]?(\d{3,4})[ls]?")


@dataclass(frozen=True, slots=True, eq=False)
class ChallengeTable:
    """The cohort file with what it says about each record; arrays of shape (len(cohort),)."""

    cohort: Cohort
    group: NDArray[np.int16]
    number: NDArray[np.int16]
    good: NDArray[np.float64]
    """Share of good windows, 0 to 1."""

    def before_alarm(self, i: int) -> Recording:
        """Record ``i`` up to its alarm."""
        return self.cohort[i].cut(0.0, ALARM_S)


def read_table(path: Path) -> ChallengeTable:
    """The challenge's cohort file.

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
        return ChallengeTable(cohort, arrays["group"], arrays["number"], arrays["ppg_good_frac"])


class ChallengeCohortSource:
    """The records of the cohort file up to their alarms; a person is an inferred group."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path
        self._table: ChallengeTable | None = None

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``."""
        table = self._table = self._table or read_table(self.path)
        return [
            SourceRecord(
                person=f"{self.name}/{table.cohort.subjects[i]}",
                record=str(table.cohort.records[i]),
                read=partial(table.before_alarm, i),
                session=str(table.cohort.sessions[i]),
                number=int(table.number[i]),
                site=SITE,
            )
            for i in range(len(table.cohort))
        ]


class ChallengeFolderSource:
    """The published ``a103l.hea`` and ``.mat`` up to their alarms; each record stands as a person, with its number."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``."""
        named = ((header, _RECORD.fullmatch(header.stem)) for header in sorted(self.path.glob("*.hea")))
        numbered = [(header, int(match[1])) for header, match in named if match]
        if not numbered:
            raise RecordingError(
                RecordingReason.NOT_FOUND, f"no header such as a103l.hea in {self.path}; give the folder training/"
            )
        return [
            SourceRecord(
                person=f"{self.name}/{header.stem}",
                record=header.stem,
                read=partial(_read, header),
                session=header.stem,
                number=number,
                site=SITE,
            )
            for header, number in numbered
        ]


def _read(header: Path) -> Recording:
    ppg, rate_hz = read_pulse(header)
    return Recording(ppg, rate_hz, header.stem, header.stem, header.stem).cut(0.0, ALARM_S)
