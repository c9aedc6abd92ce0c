"""Checkpoints: weights and where the training stood, never code."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from device.frontend import FrontEndSpec
from train.config import Config, NetworkConfig
from train.distillation.config import DistillationConfig
from train.distillation.student import require_student
from train.errors import TrainError, TrainReason
from train.frontend_design import design
from train.networks import EmbeddingNetwork, build_network

FORMAT_VERSION = 1
_OWN = "network."
"""What the names of a student's own weights begin with (``train.distillation.model.Model``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What export needs of a training: the network in evaluation mode and how it came about."""

    network: EmbeddingNetwork
    config: Config | DistillationConfig
    """Of a recogniser, or of the experiment whose student this is."""
    front_end: FrontEndSpec
    dev_subjects: tuple[str, ...]
    """People held out of training, whom thresholds are set on; a student's are those its protocol tests, whom its
    checkpoint does not name."""
    train_subjects: tuple[str, ...]
    epoch: int


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    part = path.with_suffix(".part")
    torch.save({"format_version": FORMAT_VERSION, **content}, part)
    os.replace(part, path)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint, weights only.

    Raises:
        TrainError: it is missing, damaged or of another format.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainError(TrainReason.BAD_CHECKPOINT, f"no checkpoint {path}; train one with pulsekey train") from error
    except Exception as error:  # torch.load raises whatever the damage leads to
        raise TrainError(
            TrainReason.BAD_CHECKPOINT, f"{path} is no checkpoint or is damaged; train it again"
        ) from error
    if not isinstance(content, dict) or content.get("format_version") != FORMAT_VERSION:
        raise TrainError(TrainReason.BAD_CHECKPOINT, f"{path} is of another format; train it again")
    return content


def load_trained(path: Path) -> Trained:
    """Rebuild a trained network: a recogniser's, or the student's of a subject-wise experiment of distillation.

    Raises:
        TrainError: as ``load``; weights and configuration do not fit each other; or there is nothing to export in it,
            as of a teacher (``train.distillation.student.require_student``).
    """
    content = load(path)
    config = content.get("config")
    if not isinstance(config, Mapping) or not {"protocol", "optimiser"} & config.keys():
        raise TrainError(
            TrainReason.BAD_CHECKPOINT, f"{path} names no configuration; give a checkpoint that pulsekey train wrote"
        )
    try:
        # As a config file is told: only an experiment of distillation has a protocol.
        return _student(content, str(path)) if "protocol" in config else _recogniser(content, str(path))
    except KeyError as error:
        raise TrainError(TrainReason.BAD_CHECKPOINT, f"{path} lacks {error}; it is no finished training") from error
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise TrainError(
            TrainReason.BAD_CHECKPOINT, f"{path}: weights do not fit their configuration; train it again"
        ) from error


def _recogniser(content: Mapping[str, Any], source: str) -> Trained:
    config = Config.from_dict(content["config"], source)
    return Trained(
        network=_network(config.network, content["network"]),
        config=config,
        front_end=FrontEndSpec.from_dict(content["front_end"]),
        dev_subjects=tuple(content["dev_subjects"]),
        train_subjects=tuple(content["train_subjects"]),
        epoch=int(content["epoch"]),
    )


def _student(content: Mapping[str, Any], source: str) -> Trained:
    """The student's network without its classifier; what else trained it is not looked at."""
    config = DistillationConfig.from_dict(content["config"], source)
    epochs = len(content["curves"])
    require_student(config, epochs, source)
    weights = content["model"].items()
    own = {name.removeprefix(_OWN): value for name, value in weights if name.startswith(_OWN)}
    return Trained(
        network=_network(config.network, own),
        config=config,
        # An experiment's windows all come from this one (train.synchronous), so its checkpoint names none.
        front_end=design(),
        dev_subjects=(),
        train_subjects=tuple(content["people"]),
        epoch=epochs,
    )


def _network(config: NetworkConfig, weights: Mapping[str, Tensor]) -> EmbeddingNetwork:
    network = build_network(config.name, config.width, config.embedding_size)
    network.load_state_dict(weights)
    return network.eval()
