"""A trained teacher, as a student sees it: features of every training window, and a frozen classifier."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from train.checkpoint import load
from train.distillation.config import DistillationConfig
from train.distillation.model import Model, features_of
from train.errors import TrainError, TrainReason
from train.protocols import WindowSet


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """Never trains; its network has run once, since it sees windows without augmentation."""

    features: Tensor
    """(n, size) of every training window; rows where the ECG may not teach are of no meaning."""
    classifier: nn.Linear


def load_teacher(checkpoint: Path, config: DistillationConfig, train: WindowSet, device: torch.device) -> Teacher:
    """Read a teacher's last checkpoint and let it look at everything that trains.

    Args:
        checkpoint: of a finished run of ``config``.
        config: the teacher's experiment.
        train: the windows that train the student.
        device: where its network runs.

    Raises:
        TrainError: BAD_CHECKPOINT, of another experiment or of other people.
    """
    content = load_run(checkpoint, config)
    if tuple(content["people"]) != train.people:
        raise TrainError(
            TrainReason.BAD_CHECKPOINT, f"{checkpoint} was trained on other people; remove its folder to train it again"
        )
    model = Model(config.network, len(train.people))
    model.load_state_dict(content["model"])
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.to(device)
    features = np.zeros((train.label.size, config.network.embedding_size), dtype=np.float32)
    features[train.has_ecg] = features_of(model, train.ecg[train.has_ecg], device)
    return Teacher(torch.from_numpy(features), model.classifier)


def load_run(checkpoint: Path, config: DistillationConfig) -> dict[str, Any]:
    """A checkpoint of exactly this experiment.

    Raises:
        TrainError: BAD_CHECKPOINT, it is damaged, of another architecture or of another configuration.
    """
    content = load(checkpoint)
    found = content.get("config")
    if found != config.to_dict():
        theirs = found.get("network") if isinstance(found, dict) else None
        what = "architecture" if theirs != config.to_dict()["network"] else "configuration"
        raise TrainError(
            TrainReason.BAD_CHECKPOINT,
            f"{checkpoint} is of another {what} than {config.run_name}; give another --out or remove its folder",
        )
    return content
