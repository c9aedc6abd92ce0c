"""One experiment, as read from its TOML file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from train.toml_files import build, build_sections, read_toml


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The network; ``width`` scales every channel count."""

    name: str
    width: float
    embedding_size: int


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Which identities train, and how many people are held out to select and to set the threshold on."""

    min_good_train: float
    """Least share of good signal of a record that trains."""
    min_good_dev: float
    """The same of a record of the people held out."""
    dev_people: int
    hop_samples: int
    """Hop of training windows, 125-Hz samples; they overlap, those of the device do not."""
    all_records: bool
    """Whether every record of an inferred person trains, or only the best; who is one is inferred too eagerly, so that
    all of them want more than one centre (``LossConfig.centres``)."""
    views: list[str]
    """Names of ``train.views``; each doubles the people who train."""


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Bounds of the random changes to a training window; 0 switches one off."""

    warp: float
    """Time is stretched by up to this factor either way."""
    noise: float
    """Standard deviation of added white noise, in units of the pulse's own."""
    wander: float
    """Amplitude of an added slow wave, in units of the pulse's standard deviation."""
    derivative: float
    """Share of the pulse's slope that is mixed in or taken out."""
    smooth: float
    """Share of the smoothed pulse that is mixed in or taken out."""
    bend: float
    """Strength of a quadratic amplitude distortion."""


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Additive angular margin softmax (ArcFace), with several centres a person where one may be two."""

    margin_degrees: float
    scale: float
    centres: int
    """Centres of each person, of which the nearest counts."""
    margin_epochs: int
    """Epochs in which the margin grows to its full size; at once, a network hardly begins to learn."""


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """AdamW under a one-cycle cosine schedule."""

    epochs: int
    batch_size: int
    windows_per_person: int
    """Windows drawn from each training person in an epoch, as they are."""
    windows_per_view: int
    """The same of each person's every view."""
    learning_rate: float
    weight_decay: float
    rounding_epochs: int
    """Last epochs, in which activations and weights are rounded to the steps of INT8."""


@dataclass(frozen=True, slots=True)
class Config:
    """A whole experiment."""

    name: str
    seed: int
    threads: int
    network: NetworkConfig
    data: DataConfig
    augment: AugmentConfig
    loss: LossConfig
    optimiser: OptimiserConfig

    def to_dict(self) -> dict[str, Any]:
        """Plain types, as a checkpoint keeps them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> "Config":
        """Read what ``to_dict`` wrote or a TOML file holds.

        Raises:
            TrainError: a key is missing, unknown or of another type; the message names it and ``source``.
        """
        sections = {
            "network": NetworkConfig,
            "data": DataConfig,
            "augment": AugmentConfig,
            "loss": LossConfig,
            "optimiser": OptimiserConfig,
        }
        return build(cls, build_sections(sections, data, source), source)


def load_config(path: Path) -> Config:
    """Read an experiment.

    Raises:
        TrainError: the file is missing, no TOML, or not an experiment.
    """
    return Config.from_dict(read_toml(path), str(path))
