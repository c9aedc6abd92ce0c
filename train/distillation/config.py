"""One distillation experiment, as read from its TOML file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from train.config import AugmentConfig, NetworkConfig
from train.errors import TrainError, TrainReason
from train.protocols.config import Protocol, ProtocolConfig, Stage
from train.toml_files import build, build_sections, read_toml

MAX_WARP = 0.5
"""The margins of a training window hold no more (``train.synchronous.MARGIN_SAMPLES``)."""


class Modality(StrEnum):
    """Which signal a network reads."""

    PPG = "ppg"
    ECG = "ecg"


@dataclass(frozen=True, slots=True)
class MethodConfig:
    """Weights of the terms of the loss, 0 switches one off, and what they need.

    L_all = L_task + L_kd + L_rel + L_cross-kd; the last four weights are the comparison methods'.
    """

    task_triplet: float
    """Triplet part of L_task, for retrieval."""
    triplet_margin: float
    """Of both triplet terms, a cosine."""
    kd: float
    """L_kd, as Hinton's."""
    temperature: float
    """Of L_kd and of the cross-knowledge assessment."""
    alignment: float
    """InfoNCE that trains the projections of the aligned space."""
    latent_size: int
    alignment_temperature: float
    mmd: float
    """L_rel for seen people."""
    relation_triplet: float
    """L_rel for unseen people."""
    cross_knowledge: float
    """L_cross-kd."""
    fitnet: float
    relational: float
    """Relational knowledge distillation."""
    contrastive: float
    """Contrastive representation distillation."""
    fade: float
    """Share of the training in which the lesson fades out, linearly, down to the task alone; 0 keeps it to the end."""

    @property
    def needs_teacher(self) -> bool:
        """Whether any term looks at a teacher."""
        terms = (self.kd, self.alignment, self.mmd, self.relation_triplet, self.cross_knowledge)
        return any(weight > 0.0 for weight in (*terms, self.fitnet, self.relational, self.contrastive))


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """AdamW under a one-cycle cosine schedule."""

    epochs: int
    batch_size: int
    windows_per_person: int
    """Windows drawn of each person in an epoch, on average."""
    windows_in_batch: int
    """Of each person who is in a batch; divides ``batch_size``. Triplets need two."""
    learning_rate: float
    weight_decay: float


@dataclass(frozen=True, slots=True)
class DistillationConfig:
    """A whole experiment."""

    name: str
    method_name: str
    """What tables call it: two experiments of one name and network are repetitions of each other."""
    seed: int
    threads: int
    modality: str
    network: NetworkConfig
    protocol: ProtocolConfig
    method: MethodConfig
    augment: AugmentConfig
    schedule: ScheduleConfig
    teacher: str = ""
    """The teacher's config, beside this one; empty for none."""

    @property
    def run_name(self) -> str:
        """The folder of a run: the experiment's name and its seed."""
        return f"{self.name}-s{self.seed}"

    def to_dict(self) -> dict[str, Any]:
        """Plain types, as a checkpoint keeps them."""
        return asdict(self)

    def with_seed(self, seed: int) -> "DistillationConfig":
        """The same experiment, repeated."""
        return replace(self, seed=seed)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> "DistillationConfig":
        """Read what ``to_dict`` wrote or a TOML file holds.

        Raises:
            TrainError: a key is missing, unknown, of another type or of a value that cannot be.
        """
        sections = {
            "network": NetworkConfig,
            "protocol": ProtocolConfig,
            "method": MethodConfig,
            "augment": AugmentConfig,
            "schedule": ScheduleConfig,
        }
        config = build(cls, build_sections(sections, data, source), source)
        _check(config, source)
        return config


def is_distillation(path: Path) -> bool:
    """Whether a config file is one of these rather than of a recogniser to ship."""
    return "protocol" in read_toml(path)


def load_distillation(path: Path) -> DistillationConfig:
    """Read an experiment.

    Raises:
        TrainError: the file is missing, no TOML, or not an experiment.
    """
    return DistillationConfig.from_dict(read_toml(path), str(path))


def _check(config: DistillationConfig, source: str) -> None:
    for section, value, kind in (
        ("[protocol]: kind", config.protocol.kind, Protocol),
        ("[protocol]: stage", config.protocol.stage, Stage),
        ("modality", config.modality, Modality),
    ):
        if value not in [*kind]:
            raise TrainError(TrainReason.BAD_CONFIG, f"{source}: {section} = {value!r} is none of {', '.join(kind)}")
    schedule = config.schedule
    if schedule.windows_in_batch < 1 or schedule.batch_size % schedule.windows_in_batch:
        raise TrainError(TrainReason.BAD_CONFIG, f"{source}: [schedule]: windows_in_batch must divide batch_size")
    warp = config.augment.warp
    if warp > MAX_WARP or (warp and config.modality == Modality.ECG):
        says = f"warp is at most {MAX_WARP}" if warp > MAX_WARP else "an ECG is not stretched, set warp = 0.0"
        raise TrainError(TrainReason.BAD_CONFIG, f"{source}: [augment]: {says}")
    if not 0.0 <= config.method.fade <= 1.0:
        raise TrainError(TrainReason.BAD_CONFIG, f"{source}: [method]: fade is a share of the training, 0 to 1")
    if config.method.needs_teacher != bool(config.teacher):
        says = "names no teacher" if config.method.needs_teacher else "has a teacher and no term that looks at it"
        raise TrainError(TrainReason.BAD_CONFIG, f"{source} {says}; set teacher and the weights of [method] together")
