"""Checkpoints: weights and where the training stood, never code."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from device.frontend import FrontEndSpec
from train.config import Config
from train.errors import TrainError, TrainReason
from train.networks import EmbeddingNetwork, build_network

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What export needs of a training: the network in evaluation mode and how it came about."""

    network: EmbeddingNetwork
    config: Config
    front_end: FrontEndSpec
    dev_subjects: tuple[str, ...]
    """People held out of training, whom thresholds are set on."""
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
    """Rebuild a trained network.

    Raises:
        TrainError: as ``load``, or weights and configuration do not fit each other.
    """
    content = load(path)
    try:
        config = Config.from_dict(content["config"], str(path))
        front_end = FrontEndSpec.from_dict(content["front_end"])
        weights: dict[str, Tensor] = content["network"]
        network = build_network(config.network.name, config.network.width, config.network.embedding_size)
        network.load_state_dict(weights)
    except KeyError as error:
        raise TrainError(TrainReason.BAD_CHECKPOINT, f"{path} lacks {error}; it is no finished training") from error
    except (RuntimeError, ValueError) as error:
        raise TrainError(
            TrainReason.BAD_CHECKPOINT, f"{path}: weights do not fit their configuration; train it again"
        ) from error
    return Trained(
        network=network.eval(),
        config=config,
        front_end=front_end,
        dev_subjects=tuple(content["dev_subjects"]),
        train_subjects=tuple(content["train_subjects"]),
        epoch=int(content["epoch"]),
    )
