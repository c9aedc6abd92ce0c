"""Whose recordings the attacks use: victims, and the people that an attacker could learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.enrolment import DEFAULT_SECONDS
from firmware_bridge.recordings import Recording, read_cohort
from train.errors import TrainError, TrainReason
from train.people import assert_apart, record_of
from train.synchronous import SynchronousRecording, read_bidmc_pairs, read_challenge_pairs

Floats = NDArray[np.float64]

TRAINING_MIN_GOOD = 0.5
"""Least share of good pulse in a recording that an attacker learns from, as in training."""
CHALLENGE = Path("challenge2015", "challenge2015.npz")
ENROLMENT_S = DEFAULT_SECONDS + 2.0
"""A little more than a minute is played: the first 0.75 s settle the filter."""
FIRST_ATTACK_S = 120.0
"""Attacks begin a minute after the enrolment's end at the earliest."""
PRESENTATION_S = 60.0
"""As long as the device has patience with one attempt."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person's one recording, and the ECG of the same samples where there is one, NaN where missing."""

    recording: Recording
    ecg: Floats | None = None

    @property
    def subject(self) -> str:
        """Who it is."""
        return self.recording.subject

    @property
    def slots(self) -> int:
        """How many presentations the recording holds after its enrolment, none sharing a sample with another."""
        seconds = self.recording.ppg.size / self.recording.rate_hz
        return max(0, int((seconds - FIRST_ATTACK_S) // PRESENTATION_S))

    def enrolment(self) -> Recording:
        """The part to enrol from."""
        return self.recording.cut(0.0, ENROLMENT_S)

    def slot(self, number: int) -> Recording:
        """The part of presentation ``number``, 0 to ``slots`` - 1."""
        return self.recording.cut(FIRST_ATTACK_S + number * PRESENTATION_S, PRESENTATION_S)

    def ecg_slot(self, number: int) -> Floats | None:
        """The ECG of the same seconds."""
        if self.ecg is None:
            return None
        rate_hz = self.recording.rate_hz
        first = round((FIRST_ATTACK_S + number * PRESENTATION_S) * rate_hz)
        return self.ecg[first : first + round(PRESENTATION_S * rate_hz)]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Victims, one recording each, and training people, whom no victim is among."""

    victims: tuple[Person, ...]
    training: tuple[SynchronousRecording, ...]
    source: str
    """What they were read from, in words."""

    @property
    def have_ecg(self) -> bool:
        """Whether any victim's recording has an ECG."""
        return any(one.ecg is not None for one in self.victims)


def read_people(path: Path) -> People:
    """The victims of a folder with ``bidmc/`` and ``challenge2015/challenge2015.npz``, or of a cohort file.

    Without the latter, as in a cohort file, there are no training people; a cohort file has no ECG either. Of a person
    with several recordings the first is taken.

    Raises:
        RecordingError: nothing there that can be read.
        TrainError: NO_DATA, a table of windows, which cannot be played; LEAK, a victim is among the training people.
    """
    if not path.is_dir():
        return checked(_of_cohort(path), [], path.name)
    victims = [Person(one.identity.recording, one.ecg) for one in read_bidmc_pairs(path / "bidmc")]
    challenge = path / CHALLENGE
    training = read_challenge_pairs(challenge, TRAINING_MIN_GOOD) if challenge.exists() else []
    return checked(victims, training, "BIDMC")


def _of_cohort(path: Path) -> list[Person]:
    cohort = read_cohort(path)
    if cohort.windowed:
        raise TrainError(TrainReason.NO_DATA, f"{path} is a table of windows; give recordings that can be played")
    first = {str(subject): i for i, subject in reversed(list(enumerate(cohort.subjects)))}
    return [Person(cohort[i]) for i in sorted(first.values())]


def checked(victims: Sequence[Person], training: Sequence[SynchronousRecording], source: str) -> People:
    """These people.

    Raises:
        TrainError: LEAK, somebody, or seconds of a recording, are on both sides.
    """
    assert_apart(
        [record_of(one.recording) for one in victims],
        [record_of(one.identity.recording) for one in training],
        ("is a victim", "a training person"),
    )
    return People(tuple(victims), tuple(training), source)
