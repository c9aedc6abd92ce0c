"""From bundles and recordings to all that is reported: each set read once, each window embedded once a bundle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device.errors import SignalError
from firmware_bridge.errors import RecordingError, RecordingReason
from train.errors import TrainError, TrainReason
from train.report.bundle.ageing import Age, ages_of
from train.report.bundle.conditions import AGEING_SET, CONDITIONS
from train.report.bundle.looks import Look
from train.report.bundle.measuring import Measured, measure
from train.report.bundle.model import Model
from train.report.bundle.planning import embed
from train.report.bundle.pulses import Line, lines_of
from train.report.bundle.sets import SETS, DataSet, Kinship, Recorded, kinship

SEED = 0
"""Of every bootstrap: one seed for all, so that models are compared over the same draws of people."""

Progress = Callable[[str], None]


@dataclass(slots=True, eq=False)
class Reported:
    """What is said of one bundle."""

    model: Model
    card: dict[str, str]
    kin: dict[str, Kinship]
    """By set."""
    measured: dict[str, Measured] = field(default_factory=dict)
    """By condition."""
    not_measured: dict[str, str] = field(default_factory=dict)
    """By condition: why not."""
    ages: list[Age] = field(default_factory=list)
    ages_left_out: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares."""
        manifest = self.model.bundle.manifest
        a = manifest.architecture
        return {
            "model_id": self.model.name,
            "network": {"name": a.name, "width": a.width, "parameters": a.parameters, "macs": a.macs},
            "training_data": [{"name": one.name, "use": one.use} for one in manifest.training_data],
            "sensor": {key: str(kin) for key, kin in self.kin.items()},
            "card": self.card,
            "conditions": {key: one.to_json() for key, one in self.measured.items()},
            "not_measured": self.not_measured,
            "ageing": [one.to_json() for one in self.ages],
            "ageing_left_out": self.ages_left_out,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Everything that is reported."""

    bundles: list[Reported]
    missing: list[DataSet]
    looks: list[Look] | None
    """None where none are recorded."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object; rates are shares."""
        return {
            "format_version": 1,
            "seed": SEED,
            "sets_missing": [one.key for one in self.missing],
            "conditions": {
                one.key: {"set": one.data_set, "apart": str(one.apart), "how": one.how} for one in CONDITIONS
            },
            "bundles": [one.to_json() for one in self.bundles],
            "looks": None if self.looks is None else [one.to_json() for one in self.looks],
        }


def load_models(paths: Sequence[Path]) -> list[Model]:
    """The bundles, each proved.

    Raises:
        BundleError: one cannot be used.
        TrainError: BAD_CONFIG, two are one model, whose rows nobody could tell apart.
    """
    models: list[Model] = []
    for path in paths:
        model = Model.of(path)
        if model.name in {one.name for one in models}:
            raise TrainError(TrainReason.BAD_CONFIG, f"{path} is {model.name} once more; give each model once")
        models.append(model)
    return models


def gather(models: Sequence[Model], recordings: Path, looks: list[Look] | None, progress: Progress) -> Gathered:
    """Measure every bundle on every set that is there.

    Raises:
        RecordingError: the folder, or a set in it, cannot be read.
        TrainError: NO_DATA, it holds none of the sets.
    """
    if not recordings.is_dir():
        raise RecordingError(
            RecordingReason.NOT_FOUND, f"no folder {recordings}; give --data the folder that holds {_layout()}"
        )
    reported = [_begun(model) for model in models]
    missing = []
    for data_set in SETS:
        progress(f"reading {data_set.title}")
        recorded = data_set.read(recordings)
        if recorded is None:
            missing.append(data_set)
        else:
            _measure_set(data_set, recorded, reported, progress)
    if len(missing) == len(SETS):
        raise TrainError(TrainReason.NO_DATA, f"{recordings} holds none of {_layout()}")
    return Gathered(reported, missing, looks)


def _layout() -> str:
    return ", ".join(one.path for one in SETS)


def _begun(model: Model) -> Reported:
    training = model.bundle.manifest.training_data
    return Reported(model, model.card(), {one.key: kinship(one, training) for one in SETS})


def _measure_set(data_set: DataSet, recorded: Recorded, reported: Sequence[Reported], progress: Progress) -> None:
    by_front_end: dict[str, list[Line]] = {}
    for one in reported:
        progress(f"{data_set.title}: {one.model.name}")
        digest = one.model.spec.digest()
        if digest not in by_front_end:
            by_front_end[digest] = lines_of(recorded, one.model.spec)
        lines = embed(by_front_end[digest], one.model)
        for condition in (each for each in CONDITIONS if each.data_set == data_set.key):
            try:
                one.measured[condition.key] = measure(lines, recorded.facts, condition, one.model, data_set.title, SEED)
            except SignalError as error:  # too few people: told in the column's place, the other columns stand
                one.not_measured[condition.key] = str(error)
        if data_set.key == AGEING_SET:
            one.ages, one.ages_left_out = ages_of(lines, one.model, SEED)
