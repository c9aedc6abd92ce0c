"""The waveforms of MIMIC-III (matched subset 1.0) and MIMIC-IV (0.1.0) as PhysioNet lays them out.

MIMIC-III: ``pNN/pNNNNNN/pNNNNNN-YYYY-MM-DD-hh-mm.hea`` lists segments beside it, and its name tells when it began.
MIMIC-IV: ``pNNN/pNNNNNNNN/RECORD/RECORD.hea`` does, and its first line tells. The person is the ``p`` folder. Dates are
shifted, by the same for one person, so days apart stay days apart. Made to the layout published, not tried on the files
themselves.

BIDMC, the Challenge and the cuff-less set come from MIMIC-II, whose people may be in MIMIC-III: who trains on one is no
judge of the other.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from firmware_bridge.recordings import Recording
from train.sources.base import SourceRecord
from train.sources.failing import malformed, nothing_of
from train.sources.segments import Part, may_have_pulse, parts_of, read_part, segments_of
from train.sources.wfdb_files import no_pulse, read_header, signal_names

SITE = "finger"
_NAME_3 = re.compile(r"(p\d{6})-(\d{4}-\d\d-\d\d-\d\d-\d\d)")
_PERSON_4 = re.compile(r"p\d{8}")


class Mimic3Source:
    """The waveforms of MIMIC-III's matched subset, or of some of its folders."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; two headers of each record are read."""
        matches = [(header, _NAME_3.fullmatch(header.stem)) for header in sorted(self.path.rglob("p*-*.hea"))]
        records: list[SourceRecord] = []
        for header, match in matches:
            if match:
                begun = datetime.strptime(match[2], "%Y-%m-%d-%H-%M")
                records += _records(self.name, match[1], header, read_header(header), begun)
        if not records:
            raise nothing_of(self.path, "pNNNNNN-YYYY-MM-DD-hh-mm.hea", "the folder of p00 to p09")
        return records


class Mimic4Source:
    """MIMIC-IV's waveforms, or some of their folders."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; two headers of each record are read."""
        records: list[SourceRecord] = []
        for header in sorted(self.path.rglob("*.hea")):
            person = header.absolute().parent.parent.name
            if header.stem == header.absolute().parent.name and _PERSON_4.fullmatch(person):
                master = read_header(header)
                if master.base_date is None or master.base_time is None:
                    raise malformed(header, "its first line does not tell when it began")
                records += _records(
                    self.name, person, header, master, datetime.combine(master.base_date, master.base_time)
                )
        if not records:
            raise nothing_of(self.path, "pNNNNNNNN/RECORD/RECORD.hea", "the folder waves")
        return records


def _records(source: str, person: str, header: Path, master: Any, begun: datetime) -> Iterator[SourceRecord]:
    """One for each part of a record; one that cannot be read where the layout has no pulse, so that it is counted."""
    segments = segments_of(header, master)
    if not may_have_pulse(header, master):
        whole = f"{begun:%Y-%m-%d}/{header.stem}"
        yield SourceRecord(f"{source}/{person}", header.stem, partial(_refuse, header, master), whole, site=SITE)
        return
    for part in parts_of(header, segments, float(master.fs)):
        day = begun + timedelta(seconds=part.first / float(master.fs))
        session, record = f"{day:%Y-%m-%d}/{header.stem}", f"{header.stem}+{part.first}"
        read = partial(_read, part, person, session, record)
        yield SourceRecord(f"{source}/{person}", record, read, session, site=SITE)


def _read(part: Part, person: str, session: str, record: str) -> Recording:
    ppg, rate_hz = read_part(part)
    return Recording(ppg, rate_hz, person, session, record)


def _refuse(header: Path, master: Any) -> Recording:
    layout = header.with_name(f"{master.seg_name[0]}.hea")
    raise no_pulse(header, signal_names(read_header(layout)))
