"""Which protocol an experiment follows."""

from dataclasses import dataclass
from enum import StrEnum


class Protocol(StrEnum):
    """Who is tested on what."""

    SAMPLE_WISE = "sample-wise"
    """Everyone trains with their first windows and is tested with their last."""
    SUBJECT_WISE = "subject-wise"
    """The people tested never train."""


class Stage(StrEnum):
    """What a run may look at."""

    TUNE = "tune"
    """Scored on part of what trains; test windows are not touched."""
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ProtocolConfig:
    """The split."""

    kind: str
    stage: str
    min_good: float
    """Least share of good pulse of a challenge record, 0 to 1."""
    min_windows: int
    """A person with fewer good windows without overlap is left out."""
    overlap: bool
    """Whether windows that train overlap, by three quarters; those that test never do."""
    align_delay: bool
    """Pair a pulse with the beat that made it, by the record's measured delay, instead of with the same seconds."""
