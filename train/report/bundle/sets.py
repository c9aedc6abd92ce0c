"""The sets of recordings that bundles are reported on: where they lie, of which sensor, and who is in them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from device.manifest import TrainingData
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording, read_cohort
from train.cohorts import read_bidmc, write_cohort

_COMMENT = re.compile(r"<age>:\s*(?P<age>\S+)\s*<sex>:\s*(?P<sex>\S)")


class Sensor(StrEnum):
    """What measured the pulse."""

    FINGER = "finger clip"
    WRIST = "wrist"


class Kinship(StrEnum):
    """What a bundle's training has to do with a set."""

    TRAINED = "TRAINED ON IT"
    SAME = "as in training"
    OTHER = "OTHER SENSOR"
    UNKNOWN = "TRAINING'S SENSOR NOT KNOWN"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a set tells of a person; empty and None where it does not."""

    sex: str = ""
    age: int | None = None
    """Years; who is 90 or more counts as 90."""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A set that was read: its recordings in file order, and what is known of its people."""

    recordings: Sequence[Recording]
    windowed: bool
    facts: dict[str, Facts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataSet:
    """One set; ``path`` is below the folder of recordings."""

    key: str
    title: str
    sensor: Sensor
    path: str
    names: tuple[str, ...]
    """Parts of the names, in small letters, that training data of this set goes by."""
    reader: Callable[[Path], Recorded]
    credit: str
    """Licence and whom to cite."""

    def read(self, recordings: Path) -> Recorded | None:
        """The set, None where it is not there.

        Raises:
            RecordingError: it is there and cannot be read.
        """
        path = recordings / self.path
        return self.reader(path) if path.exists() else None


BEGINNING_S = 600.0
"""Of an hour's recording: about as long as those of the other sets are."""


def _bidmc(folder: Path) -> Recorded:
    # Through the cohort file that `pulsekey evaluate` reads: its steps are not the WFDB files', and one model's figures
    # must not differ between the two.
    with TemporaryDirectory() as made:
        path = Path(made, "bidmc.npz")
        write_cohort(path, [one.recording for one in read_bidmc(folder)])
        recordings = list(read_cohort(path))
    return Recorded(recordings, False, {one.subject: _facts(folder / f"{one.record}.hea") for one in recordings})


def _facts(header: Path) -> Facts:
    try:
        found = _COMMENT.search(header.read_text("utf-8", "replace"))
    except OSError as error:
        raise RecordingError(RecordingReason.UNREADABLE, f"cannot read {header}: {error.strerror}") from error
    if found is None:
        return Facts()
    age = re.fullmatch(r"(\d{1,3})\+?", found["age"])
    return Facts(found["sex"] if found["sex"] in "FM" else "", int(age[1]) if age else None)


def _whole(path: Path) -> Recorded:
    cohort = read_cohort(path)
    return Recorded(list(cohort), cohort.windowed)


def _beginnings(path: Path) -> Recorded:
    cohort = read_cohort(path)
    return Recorded([one.cut(0.0, BEGINNING_S) for one in cohort], cohort.windowed)


SETS = (
    DataSet("bidmc", "BIDMC", Sensor.FINGER, "bidmc", ("bidmc",), _bidmc, "ODC-BY 1.0; Pimentel et al. 2017"),
    DataSet(
        "stress_predict",
        "Stress-Predict",
        Sensor.WRIST,
        "stress_predict/stress_predict.npz",
        ("stress-predict", "stress_predict", "stress predict"),
        _beginnings,
        "MIT; Stress-Predict Dataset 2022",
    ),
    DataSet(
        "one_month",
        "One-Month Wrist",
        Sensor.WRIST,
        "one_month/one_month.npz",
        ("one-month", "one_month", "one month"),
        _whole,
        "MIT; AIST, IEEE Sensors J. 2024, 10541920",
    ),
)
_FINGER_NAMES = ("challenge 2015", "challenge2015", "bidmc", "mimic", "vitaldb", "vital")
_WRIST_NAMES = ("wrist", "stress", "one-month", "one_month", "dalia", "wesad", "empatica")


def kinship(data_set: DataSet, training: Sequence[TrainingData]) -> Kinship:
    """What the training data that a manifest names say of a set; names that nobody here knows may be of any sensor."""
    names = [one.name.lower() for one in training]
    if any(part in name for name in names for part in data_set.names):
        return Kinship.TRAINED
    sensors = [_sensor(name) for name in names]
    if data_set.sensor in sensors:
        return Kinship.SAME
    return Kinship.UNKNOWN if None in sensors or not sensors else Kinship.OTHER


def _sensor(name: str) -> Sensor | None:
    if any(part in name for part in _WRIST_NAMES):
        return Sensor.WRIST
    return Sensor.FINGER if any(part in name for part in _FINGER_NAMES) else None
