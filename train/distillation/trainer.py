"""The training loop of teacher and student, on Lightning Fabric: seeded, resumable, logged."""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from torch import Tensor, nn
from tqdm import tqdm

from train.augment import Augment
from train.checkpoint import save
from train.distillation.batches import epoch_batches
from train.distillation.config import DistillationConfig, Modality
from train.distillation.model import Model
from train.distillation.teacher import Teacher, load_run
from train.distillation.terms import Terms, total
from train.protocols import WindowSet
from train.schedule import one_cycle

CHECKPOINT = "last.ckpt"

log = logging.getLogger(__name__)


class Trainer:
    """One run, from its first epoch or from where its checkpoint stands; a run that is cut loses one epoch."""

    def __init__(self, config: DistillationConfig, train: WindowSet, teacher: Teacher | None, folder: Path) -> None:
        """
        Args:
            config: the experiment.
            train: its windows.
            teacher: whom the student learns from, or None.
            folder: where the checkpoint and TensorBoard's log go.
        """
        torch.set_num_threads(config.threads)
        self._config, self._folder = config, folder
        self._logger = TensorBoardLogger(folder, name="", version="tensorboard")
        self._fabric = Fabric(accelerator="auto", devices=1, loggers=self._logger)
        self._windows, self._rows = _signal(config, train)
        self._samples = train.ppg.shape[1]
        self._label = torch.from_numpy(train.label)
        self._has_ecg = torch.from_numpy(train.has_ecg)
        self._people = train.people
        self._teacher = teacher
        if teacher is not None:
            teacher.classifier.to(self._fabric.device)
        torch.manual_seed(config.seed)
        # Depthwise convolutions train twice as fast in this layout on a CPU.
        model = Model(config.network, len(train.people)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        terms = Terms(config.method, config.network.embedding_size)
        optimiser = torch.optim.AdamW(
            [*model.parameters(), *terms.parameters()],
            lr=config.schedule.learning_rate,
            weight_decay=config.schedule.weight_decay,
        )
        self._model, self._optimiser = self._fabric.setup(model, optimiser)
        self._classifier: nn.Linear = model.classifier
        self._terms = terms.to(self._fabric.device)
        self.curves: list[dict[str, float]] = []
        self.seconds = 0.0

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._fabric.device

    def run(self) -> Model:
        """Train to the last epoch."""
        checkpoint = self._folder / CHECKPOINT
        if checkpoint.exists():
            self._restore(checkpoint)
        while len(self.curves) < self._config.schedule.epochs:
            begun = time.monotonic()
            means = self._epoch(len(self.curves))
            self.seconds += time.monotonic() - begun
            self.curves.append(means)
            self._fabric.log_dict(means, step=len(self.curves))
            save(checkpoint, self._content())
        self._logger.finalize("success")
        model: Model = self._model.module
        return model

    def _epoch(self, epoch: int) -> dict[str, float]:
        config = self._config
        self._model.train()
        generator = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
        augment = Augment(config.augment, self._samples, generator)
        batches = epoch_batches(self._label.numpy()[self._rows.numpy()], config.schedule, config.seed, epoch)
        sums: dict[str, float] = {}
        for at, batch in enumerate(tqdm(batches, desc=f"{config.run_name} {epoch + 1}", leave=False, mininterval=5.0)):
            done = (epoch + at / len(batches)) / config.schedule.epochs
            for group in self._optimiser.param_groups:
                group["lr"] = one_cycle(done, config.schedule.learning_rate)
            rows = self._rows[torch.from_numpy(batch)]
            for name, value in self._step(rows, augment(self._windows[rows]), _faded(done, config.method.fade)).items():
                sums[name] = sums.get(name, 0.0) + value
        return {name: value / len(batches) for name, value in sums.items()}

    def _step(self, rows: Tensor, windows: Tensor, share: float) -> dict[str, float]:
        labels = self._fabric.to_device(self._label[rows])
        fs, logits = self._model(self._fabric.to_device(windows)[:, None, None, :])
        terms = self._terms.task(fs, logits, labels)
        taught = self._has_ecg[rows]
        if self._teacher is not None and int(taught.sum()) > 1:
            ft = self._fabric.to_device(self._teacher.features[rows[taught]])
            chosen = self._fabric.to_device(taught)
            lesson = self._terms.lesson(ft, fs[chosen], labels[chosen], self._teacher.classifier, self._classifier)
            terms |= {name: share * value for name, value in lesson.items()}
        loss = total(terms)
        self._optimiser.zero_grad()
        self._fabric.backward(loss)
        self._optimiser.step()
        hits = (logits.argmax(dim=1) == labels).float().mean()
        return {name: value.item() for name, value in (terms | {"loss": loss, "train OA": hits}).items()}

    def _content(self) -> dict[str, Any]:
        return {
            "config": self._config.to_dict(),
            "people": list(self._people),
            "model": self._model.module.state_dict(),
            "terms": self._terms.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "curves": self.curves,
            "seconds": self.seconds,
        }

    def _restore(self, checkpoint: Path) -> None:
        content: Any = load_run(checkpoint, self._config)
        self._model.module.load_state_dict(content["model"])
        self._terms.load_state_dict(content["terms"])
        self._optimiser.load_state_dict(content["optimiser"])
        self.curves, self.seconds = content["curves"], content["seconds"]
        log.info("%s: resuming after epoch %d", self._config.run_name, len(self.curves))


def _faded(done: float, fade: float) -> float:
    """What is left of the lesson's weight after a share of the training (Clark et al. 2019, arXiv 1907.04829)."""
    return max(0.0, 1.0 - done / fade) if fade > 0.0 else 1.0


def _signal(config: DistillationConfig, train: WindowSet) -> tuple[Tensor, Tensor]:
    """The windows (n, samples) of the signal that this network reads, and which of them (k,) may train it."""
    if config.modality == Modality.PPG:
        spare = train.wide.shape[1] - round(train.ppg.shape[1] * (1.0 + config.augment.warp))
        cut = max(0, spare) // 2
        return torch.from_numpy(train.wide[:, cut : train.wide.shape[1] - cut]), torch.arange(train.label.size)
    return torch.from_numpy(train.ecg), torch.from_numpy(np.flatnonzero(train.has_ecg))
