"""Trains and measures the references beside the model that ships."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from device.bundle import Bundle
from device.evaluation.settings import Settings
from device.frontend import FrontEndSpec
from firmware_bridge.recordings import read_cohort
from train.cohorts import read_bidmc
from train.config import Config
from train.errors import TrainError, TrainReason
from train.references.discriminant import fit_discriminant
from train.references.measuring import Measured, Side, Sitting, eer_difference, measure, sit
from train.references.models import (
    Embedding,
    Model,
    cohort_of,
    fiducial_model,
    milliseconds,
    network_model,
    shipped_models,
)  # fmt: skip
from train.references.people import CHALLENGE, LearningPeople
from train.references.training import ReferenceTraining

FIDUCIALS = "fiducials"
ABOUT = {
    "scalogram-convmixer": "ConvMixer on a scalogram (arXiv 2201.09792)",
    "cvt-convmixer": "CvT and ConvMixer on a scalogram (arXiv 2103.15808, doi:10.3390/s24010015)",
    FIDUCIALS: "fiducial points, linear discriminant analysis",
}
NAMES = tuple(ABOUT)
BIDMC, ONE_MONTH = Path("bidmc"), Path("one_month", "one_month.npz")
WRIST = {
    "one_month, the same day": (("week1_session1",), ("week1_session2",)),
    "one_month, a week later": (("week1",), ("week2",)),
}
"""Name, sessions to enrol from and to probe with."""
TIMED_WINDOWS = 100

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One model, what it costs and what it achieves."""

    model: Model
    window_ms: float
    measured: dict[str, Measured]
    """By sitting."""
    against_shipped: dict[str, tuple[float, tuple[float, float]] | None]
    """By sitting, ``eer_difference`` to the first row; empty in that."""


@dataclass(frozen=True, slots=True)
class Study:
    """All rows; the first is the model that ships."""

    rows: tuple[Row, ...]
    config: Config
    """Of the trainings."""
    trained: int
    held_out: int
    cohort: int
    """People that scores are normalised by, at most."""
    left_out: tuple[str, ...]
    """What was not measured, and why."""


def chosen(names: Sequence[str]) -> list[str]:
    """These references, all if there are none, in the table's order.

    Raises:
        TrainError: BAD_CONFIG, there is no such reference.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise TrainError(TrainReason.BAD_CONFIG, f"no reference {unknown[0]!r}; there are {', '.join(NAMES)}")
    return [name for name in NAMES if name in names or not names]


def run_study(
    bundle: Bundle,
    people: LearningPeople,
    recordings: Path,
    out: Path,
    names: Sequence[str],
    progress: Progress = lambda _: None,
) -> Study:
    """Train what is not trained yet, and measure everything.

    Args:
        bundle: the model that ships, whose front end, overlap and score normalisation all rows share.
        people: who trains and who is held out.
        recordings: the folder that holds ``bidmc/`` and, for the wrist, ``one_month/``.
        out: folder of the checkpoints.
        names: of ``NAMES``.
        progress: told what is being done.

    Raises:
        RecordingError: a recording cannot be read.
        TrainError: LEAK, somebody who trains is tested; or as ``ReferenceTraining`` and ``fit_discriminant``.
    """
    spec = bundle.front_end
    sittings, left_out = _sittings(recordings, spec, progress)
    _require_strangers(people, sittings)
    models = shipped_models(bundle)
    for name in names:
        progress(f"training {name}")
        models.append(_trained(name, people, out))
    progress("timing")
    times = milliseconds(models, _some_windows(people))
    rows: list[Row] = []
    shipped: dict[str, Side] = {}
    cohort = 0
    for model, window_ms in zip(models, times, strict=True):
        progress(f"measuring {model.name}")
        sides = _sides(model, people, sittings, bundle)
        against = {
            name: eer_difference(sides[name], side, bundle.manifest.comparison.nearest, spec)
            for name, side in shipped.items()
        }
        shipped = shipped or sides
        cohort = max(cohort, *(len(side.cohort) for side in sides.values()))
        rows.append(Row(model, window_ms, {name: side.measured for name, side in sides.items()}, against))
    return Study(tuple(rows), people.config, len(people.train), len(people.dev), cohort, left_out)


def _sides(model: Model, people: LearningPeople, sittings: Sequence[Sitting], bundle: Bundle) -> dict[str, Side]:
    """The model on every sitting, by its name, with scores normalised as the bundle's are."""
    cohort = cohort_of(model, people.train)
    nearest = min(bundle.manifest.comparison.nearest, len(cohort))
    return {one.name: Side(measure(model, cohort, nearest, one, bundle.front_end), cohort) for one in sittings}


def _trained(name: str, people: LearningPeople, out: Path) -> Model:
    if name == FIDUCIALS:
        return fiducial_model(name, ABOUT[name], fit_discriminant(people.train, people.dev))
    training = ReferenceTraining(name, people.config, people.stretched, people.dev, out / name)
    return network_model(name, ABOUT[name], training.run(), people.train)


def _sittings(recordings: Path, spec: FrontEndSpec, progress: Progress) -> tuple[list[Sitting], tuple[str, ...]]:
    progress("reading BIDMC")
    bidmc = (one.recording for one in read_bidmc(recordings / BIDMC))
    made = [sit("BIDMC", Settings(), bidmc, spec, windowed=False)]
    path = recordings / ONE_MONTH
    if not path.exists():
        return made, (f"one_month: there is no {ONE_MONTH} in {recordings.name}",)
    progress("reading one_month")
    cohort = read_cohort(path)
    for name, (enrol, probe) in WRIST.items():
        settings = replace(Settings(), enrol_sessions=enrol, probe_sessions=probe)
        made.append(sit(name, settings, (cohort[i] for i in range(len(cohort))), spec, windowed=cohort.windowed))
    return made, ()


def _require_strangers(people: LearningPeople, sittings: Sequence[Sitting]) -> None:
    """Nobody is tested who trains or is held out; one name is one person, as ``train.cohorts`` names people."""
    tested = {line.subject for one in sittings for line in one.lines}
    known = sorted(tested & {one.subject for one in (*people.train_identities, *people.dev_identities)})
    if known:
        raise TrainError(TrainReason.LEAK, f"{known[0]} is in {CHALLENGE} and is tested too; leave one out")


def _some_windows(people: LearningPeople) -> Embedding:
    """Windows of the people held out, a few of each, (n, 300)."""
    each = max(1, TIMED_WINDOWS // max(1, len(people.dev)))
    return np.concatenate([one.pulse[:each] for one in people.dev])[:TIMED_WINDOWS]
