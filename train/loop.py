"""The training loop, on Lightning Fabric: resumable, seeded, selecting on people who do not train.

Under torchrun several processes share each batch (``train.parallel``); only the first scores, writes and talks.
"""

import copy
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning.losses import SubCenterArcFaceLoss
from torch import Tensor, nn
from tqdm import tqdm

from device.frontend import FrontEndSpec
from train.augment import Augment
from train.checkpoint import load, save
from train.config import Config
from train.errors import TrainError, TrainReason
from train.networks import build_network
from train.networks.rounding import set_rounding
from train.parallel import is_first, make_fabric, mean_of_all, own_part, share_norms
from train.schedule import one_cycle
from train.selection import DevScore, score_dev
from train.views import seen, views_of
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
            TrainError: there are not at least two people with enough windows, or the processes that torchrun started
                cannot share a batch.
        """
        self._config = config
        self._folder = folder
        self._data = data
        self._people = _enough(data)
        self._fabric = make_fabric()
        self._part = own_part(self._fabric, config.optimiser.batch_size)
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self._generator = torch.Generator().manual_seed(config.seed)
        network = build_network(config.network.name, config.network.width, config.network.embedding_size)
        # Depthwise convolutions train twice as fast in this layout on a CPU.
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._views = views_of(config.data.views)
        self._loss = SubCenterArcFaceLoss(
            num_classes=len(self._people) * len(self._views),
            embedding_size=config.network.embedding_size,
            margin=config.loss.margin_degrees,
            scale=config.loss.scale,
            sub_centers=config.loss.centres,
        )
        share_norms(self._fabric, self._network)
        optimiser = torch.optim.AdamW(
            [*self._network.parameters(), *self._loss.parameters()],
            lr=config.optimiser.learning_rate,
            weight_decay=config.optimiser.weight_decay,
        )
        # One module, so that the loss's own weights are averaged over processes with the network's.
        self._lesson, self._optimiser = self._fabric.setup(_Lesson(self._network, self._loss), optimiser)
        self._augment = Augment(config.augment, data.front_end.window_samples, self._generator)
        self._first_rounded = config.optimiser.epochs - max(1, config.optimiser.rounding_epochs)
        self._epoch = 0
        self._best = math.inf

    def run(self) -> Path:
        """Train to the last epoch and return the best checkpoint."""
        last = self._folder / "last.ckpt"
        if last.exists():
            self._restore(load(last))
        self._require_common_start()
        while self._epoch < self._config.optimiser.epochs:
            loss = self._train_epoch()
            self._epoch += 1
            if self._fabric.is_global_zero:
                self._keep(loss)
        return self._folder / "best.ckpt"

    def _keep(self, loss: float) -> None:
        score = score_dev(self._on_cpu(), self._data.dev)
        self._report(loss, score)
        # Only a network that has met the rounding is one that INT8 can stand for.
        if self._epoch > self._first_rounded and score.value < self._best:
            self._best = score.value
            save(self._folder / "best.ckpt", self._content(whole=False))
        save(self._folder / "last.ckpt", self._content(whole=True))

    def _on_cpu(self) -> nn.Module:
        network: nn.Module = self._network
        return network if self._fabric.device.type == "cpu" else copy.deepcopy(network).cpu()

    def _train_epoch(self) -> float:
        self._network.train()
        set_rounding(self._network, self._epoch >= self._first_rounded)
        share = min(1.0, (self._epoch + 1) / max(1, self._config.loss.margin_epochs))
        self._loss.margin = math.radians(self._config.loss.margin_degrees) * share
        windows, labels = self._draw()
        size = self._config.optimiser.batch_size
        batches = labels.numel() // size
        total = 0.0
        for batch in tqdm(range(batches), desc=f"epoch {self._epoch + 1}", leave=False, disable=not is_first()):
            part = slice(batch * size, (batch + 1) * size)
            for group in self._optimiser.param_groups:
                done = (self._epoch + batch / batches) / self._config.optimiser.epochs
                group["lr"] = one_cycle(done, self._config.optimiser.learning_rate)
            # Every process draws for the whole batch, so that all together see what one would.
            pulse = self._fabric.to_device(self._augment(windows[part])[self._part, None, None, :])
            loss = self._lesson(pulse, self._fabric.to_device(labels[part][self._part]))
            self._optimiser.zero_grad()
            self._fabric.backward(loss)
            self._optimiser.step()
            total += loss.item()
        return mean_of_all(self._fabric, total / max(1, batches))

    def _draw(self) -> tuple[Tensor, Tensor]:
        """So many windows of every person, and of each of their views as of somebody else, in random order."""
        optimiser = self._config.optimiser
        windows, labels = [], []
        for number, view in enumerate(self._views):
            count = optimiser.windows_per_view if view else optimiser.windows_per_person
            picks = []
            for person in self._people:
                order = torch.randint(person.pulse.shape[0], (count,), generator=self._generator)
                picks.append(person.pulse[order.numpy()])
            windows.append(seen(torch.from_numpy(np.concatenate(picks)), view))
            people = torch.arange(len(self._people)).repeat_interleave(count)
            labels.append(people + number * len(self._people))
        label = torch.cat(labels)
        order = torch.randperm(label.numel(), generator=self._generator)
        return torch.cat(windows)[order], label[order]

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

    def _require_common_start(self) -> None:
        """Processes of one machine see one checkpoint; those of several may not."""
        if self._fabric.broadcast(self._epoch) != self._epoch:
            raise TrainError(
                TrainReason.BAD_CHECKPOINT,
                f"{self._folder} is not the same folder for every process; give an --out that all machines share",
            )

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


def _enough(data: TrainingData) -> list[PersonWindows]:
    people = [one for one in data.train if one.pulse.shape[0] >= MIN_WINDOWS]
    if len(people) < 2 or not data.dev:
        raise TrainError(TrainReason.TOO_FEW_PEOPLE, f"{len(people)} people have {MIN_WINDOWS} good windows; give more")
    return people


class _Lesson(nn.Module):
    """Network and loss in one step."""

    def __init__(self, network: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def forward(self, pulse: Tensor, labels: Tensor) -> Tensor:
        loss: Tensor = self.loss(self.network(pulse), labels)
        return loss
