"""One experiment, as read from its TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from train.errors import TrainError, TrainReason


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
    """Additive angular margin softmax (ArcFace)."""

    margin_degrees: float
    scale: float
    margin_epochs: int
    """Epochs in which the margin grows to its full size; at once, a network hardly begins to learn."""


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """AdamW under a one-cycle cosine schedule."""

    epochs: int
    batch_size: int
    windows_per_person: int
    """Windows drawn from each training person in an epoch."""
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
        values = dict(data)
        for name, kind in sections.items():
            if not isinstance(values.get(name), Mapping):
                raise TrainError(TrainReason.BAD_CONFIG, f"{source}: add a section [{name}]")
            values[name] = _build(kind, values[name], f"{source}: [{name}]")
        return _build(cls, values, source)


def load_config(path: Path) -> Config:
    """Read an experiment.

    Raises:
        TrainError: the file is missing, no TOML, or not an experiment.
    """
    try:
        data = tomllib.loads(path.read_text())
    except OSError as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"cannot read {path}: {error.strerror}; give a config") from error
    except tomllib.TOMLDecodeError as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"{path} is no TOML: {error}") from error
    return Config.from_dict(data, str(path))


_T = TypeVar("_T")


def _build(kind: type[_T], values: Mapping[str, Any], where: str) -> _T:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise TrainError(TrainReason.BAD_CONFIG, f"{where}: unknown key {name!r}; it takes {', '.join(known)}")
    for name, field in known.items():
        if name not in values and field.default is MISSING:
            raise TrainError(TrainReason.BAD_CONFIG, f"{where}: key {name!r} is missing")
        if field.type in (int, float, str) and not _fits(values[name], field.type):
            raise TrainError(TrainReason.BAD_CONFIG, f"{where}: {name} = {values[name]!r} is no {field.type.__name__}")
    return kind(**values)


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
