"""The training loop: resumable, seeded, selecting on people who do not train."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning.losses import ArcFaceLoss
from torch import Tensor
from tqdm import tqdm

from device.frontend import FrontEndSpec
from train.augment import Augment
from train.checkpoint import load, save
from train.config import Config
from train.errors import TrainError, TrainReason
from train.networks import build_network
from train.networks.rounding import set_rounding
from train.schedule import one_cycle
from train.selection import DevScore, score_dev
from train.windows import PersonWindows

MIN_WINDOWS = 20
"""A person with fewer good training windows teaches the network their noise."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """Everything a training reads, as windows."""

    train: list[PersonWindows]
    dev: list[PersonWindows]
    front_end: FrontEndSpec


class Trainer:
    """One training, from its first epoch or from where its last checkpoint stands."""

    def __init__(self, config: Config, data: TrainingData, folder: Path) -> None:
        """
        Args:
            config: the experiment.
            data: its windows.
            folder: where ``last.ckpt`` and ``best.ckpt`` go.

        Raises:
            TrainError: there are not at least two people with enough windows.
        """
        self._config = config
        self._folder = folder
        self._data = data
        self._people = [one for one in data.train if one.pulse.shape[0] >= MIN_WINDOWS]
        if len(self._people) < 2 or not data.dev:
            raise TrainError(
                TrainReason.TOO_FEW_PEOPLE, f"{len(self._people)} people have {MIN_WINDOWS} good windows; give more"
            )
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self._generator = torch.Generator().manual_seed(config.seed)
        network = build_network(config.network.name, config.network.width, config.network.embedding_size)
        # Depthwise convolutions train twice as fast in this layout on a CPU.
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._classes = [one.pulse for one in self._people]
        if config.data.backwards:
            self._classes += [pulse[:, ::-1] for pulse in self._classes]
        self._loss = ArcFaceLoss(
            len(self._classes), config.network.embedding_size, config.loss.margin_degrees, config.loss.scale
        )
        self._optimiser = torch.optim.AdamW(
            [*self._network.parameters(), *self._loss.parameters()],
            lr=config.optimiser.learning_rate,
            weight_decay=config.optimiser.weight_decay,
        )
        self._augment = Augment(config.augment, data.front_end.window_samples, self._generator)
        self._first_rounded = config.optimiser.epochs - max(1, config.optimiser.rounding_epochs)
        self._epoch = 0
        self._best = math.inf

    def run(self) -> Path:
        """Train to the last epoch and return the best checkpoint."""
        last = self._folder / "last.ckpt"
        if last.exists():
            self._restore(load(last))
        while self._epoch < self._config.optimiser.epochs:
            loss = self._train_epoch()
            self._epoch += 1
            score = score_dev(self._network, self._data.dev)
            self._report(loss, score)
            # Only a network that has met the rounding is one that INT8 can stand for.
            if self._epoch > self._first_rounded and score.value < self._best:
                self._best = score.value
                save(self._folder / "best.ckpt", self._content(whole=False))
            save(last, self._content(whole=True))
        return self._folder / "best.ckpt"

    def _train_epoch(self) -> float:
        self._network.train()
        set_rounding(self._network, self._epoch >= self._first_rounded)
        share = min(1.0, (self._epoch + 1) / max(1, self._config.loss.margin_epochs))
        self._loss.margin = math.radians(self._config.loss.margin_degrees) * share
        windows, labels = self._draw()
        size = self._config.optimiser.batch_size
        batches = labels.numel() // size
        total = 0.0
        for batch in tqdm(range(batches), desc=f"epoch {self._epoch + 1}", leave=False):
            part = slice(batch * size, (batch + 1) * size)
            for group in self._optimiser.param_groups:
                done = (self._epoch + batch / batches) / self._config.optimiser.epochs
                group["lr"] = one_cycle(done, self._config.optimiser.learning_rate)
            pulse = self._augment(windows[part])[:, None, None, :]
            loss = self._loss(self._network(pulse), labels[part])
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
            total += loss.item()
        return total / max(1, batches)

    def _draw(self) -> tuple[Tensor, Tensor]:
        """The same number of windows of every class, in random order."""
        count = self._config.optimiser.windows_per_person
        picks = []
        for pulse in self._classes:
            order = torch.randint(pulse.shape[0], (count,), generator=self._generator)
            picks.append(pulse[order.numpy()])
        labels = torch.arange(len(self._classes)).repeat_interleave(count)
        order = torch.randperm(labels.numel(), generator=self._generator)
        return torch.from_numpy(np.concatenate(picks))[order], labels[order]

    def _report(self, loss: float, score: DevScore) -> None:
        log.info(
            "epoch %d/%d: loss %.3f, held-out EER %.2f %% a window, %.2f %% over 12 s",
            self._epoch,
            self._config.optimiser.epochs,
            loss,
            100 * score.eer_window,
            100 * score.eer_decision,
        )

    def _content(self, *, whole: bool) -> dict[str, Any]:
        content: dict[str, Any] = {
            "config": self._config.to_dict(),
            "front_end": self._data.front_end.to_dict(),
            "train_subjects": [one.subject for one in self._people],
            "dev_subjects": [one.subject for one in self._data.dev],
            "network": self._network.state_dict(),
            "epoch": self._epoch,
            "best": self._best,
        }
        if whole:
            content["loss"] = self._loss.state_dict()
            content["optimiser"] = self._optimiser.state_dict()
            content["generator"] = self._generator.get_state()
        return content

    def _restore(self, content: dict[str, Any]) -> None:
        if content["config"] != self._config.to_dict():
            raise TrainError(
                TrainReason.BAD_CHECKPOINT,
                f"{self._folder} holds a training of another configuration; give another --out or remove it",
            )
        self._network.load_state_dict(content["network"])
        self._loss.load_state_dict(content["loss"])
        self._optimiser.load_state_dict(content["optimiser"])
        self._generator.set_state(content["generator"])
        self._epoch = content["epoch"]
        self._best = content["best"]
        log.info("resuming after epoch %d", self._epoch)
