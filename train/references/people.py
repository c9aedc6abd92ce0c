"""Whose windows a reference learns from and is chosen on: those of the model that ships."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from tqdm import tqdm

from device.frontend import FrontEndSpec
from train.cohorts import Identity
from train.config import Config, load_config
from train.experiment import people
from train.frontend_design import design
from train.windows import PersonWindows, good_windows, training_spec

SHIPPED_CONFIG = Path(__file__).parents[1] / "configs" / "fcn_x025.toml"
"""The experiment that the shipped model came of."""
EPOCHS, WINDOWS_PER_PERSON = 12, 32
"""Of a reference network, which takes five times as long for a window as the one that ships: its training stays within
a quarter of an hour on one core."""
CHALLENGE = Path("challenge2015", "challenge2015.npz")


@dataclass(frozen=True, eq=False)
class LearningPeople:
    """Who trains and who is held out, and their windows, made when first asked for."""

    config: Config
    """The experiment that the shipped model came of, with the references' own schedule."""
    train_identities: list[Identity]
    dev_identities: list[Identity]

    @cached_property
    def stretched(self) -> list[PersonWindows]:
        """Longer, overlapping windows of those who train, which augmentation crops."""
        return _windows(self.train_identities, training_spec(design(), *self._stretch))

    @cached_property
    def train(self) -> list[PersonWindows]:
        """The device's windows (n, 300) of those who train."""
        return _windows(self.train_identities, design())

    @cached_property
    def dev(self) -> list[PersonWindows]:
        """The device's windows (n, 300) of the people held out."""
        return _windows(self.dev_identities, design())

    @property
    def _stretch(self) -> tuple[int, float]:
        return self.config.data.hop_samples, self.config.augment.warp


def read_learning_people(recordings: Path) -> LearningPeople:
    """Told apart as for the model that ships.

    Args:
        recordings: the folder that holds ``challenge2015/challenge2015.npz``.

    Raises:
        RecordingError: the file cannot be read.
    """
    shipped = load_config(SHIPPED_CONFIG)
    schedule = replace(
        shipped.optimiser,
        epochs=EPOCHS,
        windows_per_person=WINDOWS_PER_PERSON,
        windows_per_view=WINDOWS_PER_PERSON,
        rounding_epochs=0,
    )
    config = replace(shipped, optimiser=schedule)
    return LearningPeople(config, *people(config, recordings / CHALLENGE))


def _windows(identities: list[Identity], spec: FrontEndSpec) -> list[PersonWindows]:
    """The good windows of each person, of all their recordings."""
    each = [good_windows(one.recording, spec) for one in tqdm(identities, desc="front end", leave=False, disable=None)]
    return [
        PersonWindows(subject, np.concatenate([one.pulse for one in own]))
        for subject, own in groupby(each, key=lambda one: one.subject)
    ]
