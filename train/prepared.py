"""A training's people and windows from a folder of ``pulsekey data prepare``."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.config import Config
from train.errors import TrainError, TrainReason
from train.frontend_design import design
from train.loop import TrainingData
from train.people import Record, assert_apart, assert_strangers, draw_apart, numbers_near, without
from train.preparing.reading import PreparedFolder, open_prepared
from train.preparing.table import RecordFacts
from train.stretches import stretches_of_windows
from train.windows import PersonWindows, training_spec


@dataclass(frozen=True, slots=True)
class PreparedPerson:
    """One person of the folder, with what is known of each of their recordings."""

    subject: str
    facts: tuple[RecordFacts, ...]

    @property
    def best_session(self) -> str:
        """The sitting with the greatest share of good windows, of equals the one with more."""
        return max(self._sessions, key=lambda name: (self._share(name), self._count(name)[0], name))

    @property
    def good(self) -> float:
        """Share of that sitting's windows that is good, 0 to 1."""
        return self._share(self.best_session)

    @property
    def _sessions(self) -> set[str]:
        return {one.session for one in self.facts}

    def _count(self, session: str) -> tuple[int, int]:
        """Good windows, and all."""
        mine = [one for one in self.facts if one.session == session]
        return sum(one.good for one in mine), sum(one.windows for one in mine)

    def _share(self, session: str) -> float:
        good, windows = self._count(session)
        return good / windows if windows else 0.0


def prepared_data(config: Config, folder: Path, seed: int) -> TrainingData:
    """Every window the experiment reads: of those held out the best sitting, and of those who train too, or with
    ``all_records`` all of them; ``min_good_*`` is of the best.

    Args:
        config: the experiment.
        folder: the prepared one.
        seed: of the draw of those held out.

    Raises:
        TrainError: BAD_CONFIG, the windows are of another length, hop or front end than the experiment takes; NO_DATA,
            the folder is none or damaged; LEAK, the guard of ``train.people``.
    """
    opened = open_prepared(folder)
    _require_fit(config, opened, folder)
    everyone = _people(opened.people, opened.provenance())
    candidates = [one for one in everyone if one.good >= config.data.min_good_dev]
    held = draw_apart(candidates, config.data.dev_people, seed, _may_be_one)
    trained = without([one for one in everyone if one.good >= config.data.min_good_train], held)
    windows = {one.subject: opened.person_windows(one.subject, one.best_session) for one in (*trained, *held)}
    if config.data.all_records:
        windows |= {one.subject: opened.person_windows(one.subject) for one in trained}
    known = [record for one in held for record in _records(one, windows[one.subject], opened)]
    rest = [record for one in trained for record in _records(one, windows[one.subject], opened)]
    assert_apart(rest, known, ("trains", "is held out"))
    assert_strangers(known)
    return TrainingData(
        [windows[one.subject] for one in trained],
        [PersonWindows(one.subject, as_on_the_device(windows[one.subject].pulse, opened.hop_samples)) for one in held],
        design(),
    )


def as_on_the_device(long: NDArray[np.float32], hop_samples: int) -> NDArray[np.float32]:
    """The device's windows out of longer ones that overlap: the middle of each that overlaps with none before it.

    Args:
        long: (n, samples) good windows, in order of time.
        hop_samples: at least so far apart.

    Returns:
        (k, window_samples), standardised.
    """
    samples = design().window_samples
    first = (long.shape[1] - samples) // 2
    # Where a window was refused those kept are farther apart than a hop, never nearer.
    middle = long[:: -(-samples // hop_samples), first : first + samples]
    centred = middle - middle.mean(axis=1, keepdims=True)
    standardised: NDArray[np.float32] = centred / np.maximum(centred.std(axis=1, keepdims=True), np.float32(1e-6))
    return standardised


def _require_fit(config: Config, opened: PreparedFolder, folder: Path) -> None:
    if opened.spec != training_spec(design(), config.data.hop_samples, config.augment.warp):
        raise TrainError(
            TrainReason.BAD_CONFIG,
            f"{folder} holds other windows than {config.name} trains on; prepare them with "
            f"--hop {config.data.hop_samples} --warp {config.augment.warp:g}",
        )


def _people(names: Iterable[str], facts: Iterable[RecordFacts]) -> list[PreparedPerson]:
    known: dict[str, list[RecordFacts]] = {name: [] for name in names}
    for one in facts:
        known[one.person].append(one)
    return [PreparedPerson(name, tuple(records)) for name, records in known.items()]


def _may_be_one(first: PreparedPerson, second: PreparedPerson) -> bool:
    return any(a.source == b.source and numbers_near(a.number, b.number) for a in first.facts for b in second.facts)


def _records(one: PreparedPerson, windows: PersonWindows, opened: PreparedFolder) -> list[Record]:
    """Each recording by its hash, and the seconds of all of them as their windows show them.

    Where a window was refused, what follows seems to come sooner than it did; seconds that two people share are found
    between such places.
    """
    start = np.arange(windows.pulse.shape[0], dtype=np.int64) * opened.hop_samples
    seen = stretches_of_windows(windows.pulse, start, opened.spec.rate_hz)
    name = one.facts[0].record if len(one.facts) == 1 else f"one of {len(one.facts)} from {one.facts[0].record} on"
    whole = [
        Record(one.subject, fact.record, fact.number, fact.source, fact.content_hash if fact.good else "")
        for fact in one.facts
    ]
    return [*whole, Record(one.subject, name, stretches=seen)]
