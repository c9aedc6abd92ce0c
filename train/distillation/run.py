"""One run from recordings to its result: the teacher first, where there is one."""

import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from train.distillation.config import DistillationConfig, Modality, load_distillation
from train.distillation.data import load_people
from train.distillation.model import Model
from train.distillation.result import RESULT, measure, write_result
from train.distillation.teacher import Teacher, load_teacher
from train.distillation.trainer import CHECKPOINT, Trainer
from train.errors import TrainError, TrainReason
from train.networks.measures import mac_count, parameter_count
from train.protocols import Split, split_people

log = logging.getLogger(__name__)

TEACHER_SEED = 1
"""One teacher an architecture teaches every student of it."""


class Laboratory:
    """Runs experiments on one set of recordings; windows and splits are made once."""

    def __init__(self, recordings: Path, runs: Path) -> None:
        """
        Args:
            recordings: the folder of ``train.synchronous.read_synchronous``.
            runs: each run gets a folder of its own in it.
        """
        self._recordings, self._runs = recordings, runs
        self._splits: dict[object, Split] = {}

    def done(self, config: DistillationConfig) -> bool:
        """Whether a run of this name has its result.

        Raises:
            TrainError: BAD_CHECKPOINT, it has, of another configuration, or it is damaged.
        """
        folder = self._runs / config.run_name
        if not (folder / RESULT).exists():
            return False
        try:
            found = json.loads((folder / RESULT).read_text())["config"]
        except (ValueError, KeyError, TypeError) as error:
            raise TrainError(
                TrainReason.BAD_CHECKPOINT, f"{folder / RESULT} is damaged; remove it and the run is measured again"
            ) from error
        if found != config.to_dict():
            raise TrainError(
                TrainReason.BAD_CHECKPOINT,
                f"{folder} holds a run of another configuration; give another --out or remove it",
            )
        return True

    def run(self, config: DistillationConfig, source: Path) -> Path:
        """Train, resume or just find a run, its teacher before it, and return its folder.

        A result alone, as results are kept, is enough to skip a student; a teacher is trained again for its weights.

        Args:
            config: the experiment.
            source: its file, which its teacher's lies beside.

        Raises:
            RecordingError: the recordings cannot be read.
            TrainError: the experiment cannot be run on them, its folder holds another, or RUN_BUSY, somebody is at it.
        """
        folder = self._runs / config.run_name
        if self.done(config) and (config.modality == Modality.PPG or (folder / CHECKPOINT).exists()):
            return folder
        teacher_config = self._teacher_config(config, source)
        if teacher_config is not None:
            self.run(teacher_config, source.parent / config.teacher)
        split = self._split(config)
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            teacher = None if teacher_config is None else self._teacher(teacher_config, split)
            trainer = Trainer(config, split.train, teacher, folder)
            model = trainer.run()
            write_result(folder, measure(config, model, split, trainer.device), _facts(config, split, trainer, model))
        return folder

    def _teacher_config(self, config: DistillationConfig, source: Path) -> DistillationConfig | None:
        if not config.teacher:
            return None
        teacher = load_distillation(source.parent / config.teacher).with_seed(TEACHER_SEED)
        if teacher.modality != Modality.ECG or teacher.protocol != config.protocol:
            raise TrainError(
                TrainReason.BAD_CONFIG, f"{source}: its teacher {config.teacher} must read ECG under the same protocol"
            )
        if teacher.network.embedding_size != config.network.embedding_size:
            raise TrainError(
                TrainReason.BAD_CONFIG, f"{source}: teacher and student need one embedding_size, so that features fit"
            )
        return teacher

    def _teacher(self, config: DistillationConfig, split: Split) -> Teacher:
        return load_teacher(self._runs / config.run_name / CHECKPOINT, config, split.train, torch.device("cpu"))

    def _split(self, config: DistillationConfig) -> Split:
        key = config.protocol
        if key not in self._splits:
            people = load_people(self._recordings, config.protocol, self._runs / "cache")
            self._splits[key] = split_people(people, config.protocol)
            split = self._splits[key]
            log.info(
                "%s: %d people train with %d windows, %d are tested with %d; %d left out with too few windows",
                config.protocol.kind,
                len(split.train.people),
                split.train.label.size,
                len(split.test.people),
                split.test.label.size,
                len(split.left_out),
            )
        return self._splits[key]


def _facts(config: DistillationConfig, split: Split, trainer: Trainer, model: Model) -> dict[str, Any]:
    return {
        "config": config.to_dict(),
        "train_people": len(split.train.people),
        "train_windows": int(split.train.label.size),
        "left_out": list(split.left_out),
        "curves": trainer.curves,
        "cost": {
            "train_s": round(trainer.seconds, 1),
            "device": str(trainer.device),
            "threads": config.threads,
            "parameters": parameter_count(model.network),
            "macs": mac_count(model.network),
        },
    }


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a run's folder, so that no two processes train one run; the lock ends with the process.

    Raises:
        TrainError: RUN_BUSY.
    """
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainError(
                TrainReason.RUN_BUSY, f"another process trains {folder}; wait for it or give another --out"
            ) from None
        yield
