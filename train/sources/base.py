"""A set of recordings as whatever trains on it sees it, however its publisher lays out the files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from firmware_bridge.recordings import Recording


@dataclass(frozen=True, slots=True, eq=False)
class SourceRecord:
    """One recording that can be read when it is asked for."""

    person: str
    """Whose it is, unique among all sources: the source's name, a slash, and its own name for the person."""
    record: str
    """Its name, unique within the source."""
    read: Callable[[], Recording]
    """Reads the signal; raises RecordingError where it cannot be."""
    session: str = ""
    """What tells sittings of one person apart, as the source names them; those of one day share a beginning."""
    number: int = -1
    """Record number where nearness of two numbers may mean one person, else -1."""
    site: str = ""
    """Where the sensor sat: ``finger``, ``wrist``, or nothing where it is not told."""
    sex: str = ""
    """``F``, ``M``, or nothing."""
    age: int | None = None
    """Years, where told."""


class Source(Protocol):
    """One set of recordings on disk."""

    @property
    def name(self) -> str:
        """As in the catalogue, ``bidmc`` say."""

    @property
    def path(self) -> Path:
        """Its file or folder."""

    def records(self) -> Sequence[SourceRecord]:
        """Every recording, in a fixed order; no signal is read.

        Raises:
            RecordingError: the layout is not the source's.
        """
