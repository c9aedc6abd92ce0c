"""A cohort as time lines: every recording's windows in order, embedded once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from device.embedders import Embedder
from device.frontend import FrontEndSpec, Reason, windows_of
from firmware_bridge.recordings import Recording


@dataclass(slots=True)
class Timeline:
    """One recording of one person: its windows in order, None for one that quality refused.

    `epochs` says which windows a decision may join. Within a continuous recording it is the front end's
    epoch, so that no decision spans a gap. A file that is a table of windows has no continuous signal at
    all: each row is filtered by itself, but the rows of one session are one sitting in time order, and its
    windows share an epoch or else no decision longer than a row could ever be made.
    """

    subject: str
    session: str
    epochs: list[int] = field(default_factory=list)
    embeddings: list[NDArray[np.float32] | None] = field(default_factory=list)
    reasons: Counter[Reason] = field(default_factory=Counter)

    def extend(self, recording: Recording, embedder: Embedder, spec: FrontEndSpec, *, join: bool) -> None:
        """Add a recording's windows; `join` puts all into one epoch."""
        for window in windows_of(recording.ppg, recording.rate_hz, spec):
            reason = window.quality.reason
            self.epochs.append(0 if join else window.epoch)
            if reason is None:
                self.embeddings.append(embedder.embed(window.pulse))
            else:
                self.embeddings.append(None)
                self.reasons[reason] += 1


def timelines_of(
    recordings: Iterable[Recording], embedder: Embedder, spec: FrontEndSpec, *, windowed: bool
) -> Iterator[Timeline]:
    """One time line a recording; in a windowed file, one a run of rows of one subject and session."""
    if windowed:
        for (subject, session), rows in groupby(recordings, key=lambda row: (row.subject, row.session)):
            timeline = Timeline(subject, session)
            for row in rows:
                timeline.extend(row, embedder, spec, join=True)
            yield timeline
    else:
        for recording in recordings:
            timeline = Timeline(recording.subject, recording.session)
            timeline.extend(recording, embedder, spec, join=False)
            yield timeline
