"""A prepared folder as training reads it: one person's windows at a time, and where everything is from."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from device.frontend import FrontEndSpec
from train.errors import TrainError, TrainReason
from train.preparing.manifest import MANIFEST, Manifest, read_manifest
from train.preparing.plan import WINDOWS, person_folder
from train.preparing.table import RecordFacts, decode, read_facts
from train.windows import PersonWindows

_PERSON = "person="


class PreparedFolder:
    """What ``pulsekey data prepare`` made; nothing but the manifest and the folder's names is read until asked for."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self.spec: FrontEndSpec = manifest.spec
        """The front end, with the length and hop of these windows."""
        self.sources = manifest.sources
        names = (one.name for one in (folder / WINDOWS).glob(f"{_PERSON}*"))
        self.people: tuple[str, ...] = tuple(sorted(unquote(name.removeprefix(_PERSON)) for name in names))
        """As ``SourceRecord.person``, in a fixed order."""

    @property
    def digest(self) -> str:
        """Of the front end, as in prepared.json."""
        return self.spec.digest()

    @property
    def hop_samples(self) -> int:
        """Samples at 125 Hz from the beginning of one window to the next."""
        return self.spec.hop_samples

    def person_windows(self, person: str, session: str | None = None) -> PersonWindows:
        """A person's good windows, file after file, within a record in order of time; those refused have no pulse.

        Args:
            person: of ``people``.
            session: those of one sitting, None for all.

        Raises:
            TrainError: NO_DATA: there is no such person, or a file is damaged.
        """
        samples = self.spec.window_samples
        parts = [np.empty((0, samples), dtype=np.float32)]
        for path in self._files(person):
            try:
                table = pq.read_table(path, columns=["pulse", "good", "session"], partitioning=None)
            except (OSError, pa.ArrowException) as error:
                raise _damaged(path, error) from error
            wanted = table.filter(table["good"])
            if session is not None:
                wanted = wanted.filter(pc.equal(wanted["session"], session))
            parts.append(decode(wanted["pulse"], samples))
        return PersonWindows(person, np.concatenate(parts))

    def provenance(self) -> Iterator[RecordFacts]:
        """Every record's facts, person by person; of each file only the end is read.

        Raises:
            TrainError: NO_DATA: a file is damaged.
        """
        for person in self.people:
            for path in self._files(person):
                try:
                    yield from read_facts(path).records
                except (OSError, KeyError, ValueError) as error:
                    raise _damaged(path, error) from error

    def _files(self, person: str) -> list[Path]:
        files = sorted(person_folder(self._folder, person).glob("*.parquet"))
        if not files:
            raise TrainError(TrainReason.NO_DATA, f"{self._folder} has no windows of {person!r}")
        return files


def open_prepared(folder: Path) -> PreparedFolder:
    """A folder of ``pulsekey data prepare``.

    Raises:
        TrainError: NO_DATA: it is none, or not finished.
    """
    manifest = read_manifest(folder)
    cut = sorted(name for name, counts in manifest.sources.items() if not counts.whole)
    if cut:
        raise TrainError(
            TrainReason.NO_DATA,
            f"{folder / MANIFEST}: {', '.join(cut)} is not whole; call pulsekey data prepare again, which goes on",
        )
    return PreparedFolder(folder, manifest)


def _damaged(path: Path, error: Exception) -> TrainError:
    return TrainError(
        TrainReason.NO_DATA, f"{path} is damaged ({error}); remove it and call pulsekey data prepare again"
    )
