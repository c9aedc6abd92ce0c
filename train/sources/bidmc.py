"""The BIDMC PPG and Respiration Dataset 1.0.0 as PhysioNet publishes it: ``bidmcNN.hea`` and ``.dat``.

Each header's comment names age, sex and the person, as ``sNNNNN`` of MIMIC-II.
"""

import re
from functools import partial
from pathlib import Path

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording
from train.sources.base import SourceRecord
from train.sources.wfdb_files import read_header, read_pulse

SITE = "finger"


class BidmcSource:
    """The recordings of one folder."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; the headers are read."""
        headers = sorted(self.path.glob("bidmc*.hea"))
        if not headers:
            raise RecordingError(
                RecordingReason.NOT_FOUND, f"no bidmc*.hea in {self.path}; give the folder of the WFDB files"
            )
        return [self._record(header) for header in headers]

    def _record(self, header: Path) -> SourceRecord:
        told = " ".join(read_header(header).comments)
        subject = re.search(r"\b(s\d+)\b", told)
        if subject is None:
            raise RecordingError(RecordingReason.BAD_ARRAY, f"{header} does not name its person (sNNNNN); leave it out")
        sex, age = re.search(r"<sex>:\s*([FM])\b", told), re.search(r"<age>:\s*(\d+)", told)
        return SourceRecord(
            person=f"{self.name}/{subject[1]}",
            record=header.stem,
            read=partial(_read, header, subject[1]),
            session=header.stem,
            site=SITE,
            sex=sex[1] if sex else "",
            age=int(age[1]) if age else None,
        )


def _read(header: Path, subject: str) -> Recording:
    ppg, rate_hz = read_pulse(header)
    return Recording(ppg, rate_hz, subject, header.stem, header.stem)
