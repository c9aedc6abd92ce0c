"""A cohort file (``firmware_bridge.recordings.cohort``) as a source."""

from functools import partial
from pathlib import Path

from firmware_bridge.recordings import Cohort, read_cohort
from train.sources.base import SourceRecord


class CohortSource:
    """The records of one ``.npz``, each sample in memory as int16 once they have been listed."""

    def __init__(self, name: str, path: Path, site: str = "") -> None:
        self.name, self.path, self._site = name, path, site
        self._cohort: Cohort | None = None

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``."""
        cohort = self._cohort = self._cohort or read_cohort(self.path)
        return [
            SourceRecord(
                person=f"{self.name}/{cohort.subjects[i]}",
                record=str(cohort.records[i]),
                read=partial(cohort.__getitem__, i),
                session=str(cohort.sessions[i]),
                site=self._site,
            )
            for i in range(len(cohort))
        ]
