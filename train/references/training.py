"""Trains a reference network as the model that ships is: its people, its augmentation, its loss, its selection."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning.losses import SubCenterArcFaceLoss
from torch import Tensor
from tqdm import tqdm

from train.augment import Augment
from train.checkpoint import load, save
from train.config import Config
from train.errors import TrainError, TrainReason
from train.loop import MIN_WINDOWS
from train.networks import EmbeddingNetwork
from train.networks.base import WINDOW_SAMPLES
from train.references.networks import NETWORKS
from train.schedule import one_cycle
from train.selection import score_dev
from train.views import seen, views_of
from train.windows import PersonWindows

LAST, BEST = "last.ckpt", "best.ckpt"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class TrainedReference:
    """The network at its best epoch, in evaluation mode, and what that took."""

    network: EmbeddingNetwork
    epoch: int
    cpu_s: float
    """Processor seconds of the whole training, on one thread."""


class ReferenceTraining:
    """One training, from its first epoch or from where its last checkpoint stands."""

    def __init__(
        self,
        name: str,
        config: Config,
        people: Sequence[PersonWindows],
        dev: list[PersonWindows],
        folder: Path,
    ) -> None:
        """
        Args:
            name: of ``NETWORKS``.
            config: experiment of the model that ships; of its network, only the embedding's size is taken.
            people: longer windows of those who train, as ``train.experiment.prepare`` makes them.
            dev: windows of the people held out.
            folder: where the checkpoints go.

        Raises:
            TrainError: TOO_FEW_PEOPLE, below two with enough windows, or nobody is held out.
        """
        self._people = [one for one in people if one.pulse.shape[0] >= MIN_WINDOWS]
        if len(self._people) < 2 or not dev:
            raise TrainError(
                TrainReason.TOO_FEW_PEOPLE, f"{len(self._people)} people have {MIN_WINDOWS} good windows; give more"
            )
        self._name, self._config, self._dev, self._folder = name, config, dev, folder
        self._views = views_of(config.data.views)
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        # Depthwise convolutions train faster in this layout on a CPU.
        self._network = NETWORKS[name](config.network.embedding_size).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._loss = SubCenterArcFaceLoss(
            num_classes=len(self._people) * len(self._views),
            embedding_size=config.network.embedding_size,
            margin=config.loss.margin_degrees,
            scale=config.loss.scale,
            sub_centers=config.loss.centres,
        )
        self._optimiser = torch.optim.AdamW(
            [*self._network.parameters(), *self._loss.parameters()],
            lr=config.optimiser.learning_rate,
            weight_decay=config.optimiser.weight_decay,
        )
        self._epoch, self._best, self._cpu_s = 0, math.inf, 0.0

    def run(self) -> TrainedReference:
        """Train to the last epoch; the best by the people held out is returned.

        Raises:
            TrainError: BAD_CHECKPOINT, the folder's is another training's or damaged.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        if (self._folder / LAST).exists():
            self._restore(load(self._folder / LAST))
        while self._epoch < self._config.optimiser.epochs:
            begun = time.process_time()
            loss = self._train_epoch()
            self._epoch += 1
            score = score_dev(self._network, self._dev)
            self._cpu_s += time.process_time() - begun
            log.info(
                "%s, epoch %d/%d: loss %.3f, held-out EER %.2f %% a window, %.2f %% over 12 s", self._name,
                self._epoch, self._config.optimiser.epochs, loss, 100 * score.eer_window, 100 * score.eer_decision,
            )  # fmt: skip
            if score.value < self._best:
                self._best = score.value
                save(self._folder / BEST, self._content(whole=False))
            save(self._folder / LAST, self._content(whole=True))
        best = load(self._folder / BEST)
        self._network.load_state_dict(best["network"])
        return TrainedReference(self._network.eval(), int(best["epoch"]), self._cpu_s)

    def _train_epoch(self) -> float:
        self._network.train()
        # From seed and epoch alone: a training that goes on draws what one that was never cut would.
        generator = torch.Generator().manual_seed(1000 * self._config.seed + self._epoch)
        augment = Augment(self._config.augment, WINDOW_SAMPLES, generator)
        loss = self._config.loss
        self._loss.margin = math.radians(loss.margin_degrees) * min(1.0, (self._epoch + 1) / max(1, loss.margin_epochs))
        windows, labels = self._draw(generator)
        size, total = self._config.optimiser.batch_size, 0.0
        batches = labels.numel() // size
        for batch in tqdm(range(batches), desc=f"epoch {self._epoch + 1}", leave=False, disable=None):
            part = slice(batch * size, (batch + 1) * size)
            for group in self._optimiser.param_groups:
                done = (self._epoch + batch / batches) / self._config.optimiser.epochs
                group["lr"] = one_cycle(done, self._config.optimiser.learning_rate)
            cost = self._loss(self._network(augment(windows[part])[:, None, None, :]), labels[part])
            self._optimiser.zero_grad()
            cost.backward()
            self._optimiser.step()
            total += cost.item()
        return total / max(1, batches)

    def _draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """So many windows of every person, and of each of their views as of somebody else, in random order."""
        optimiser = self._config.optimiser
        windows, labels = [], []
        for number, view in enumerate(self._views):
            count = optimiser.windows_per_view if view else optimiser.windows_per_person
            picks = [
                one.pulse[torch.randint(one.pulse.shape[0], (count,), generator=generator).numpy()]
                for one in self._people
            ]
            windows.append(seen(torch.from_numpy(np.concatenate(picks)), view))
            labels.append(torch.arange(len(picks)).repeat_interleave(count) + number * len(picks))
        label = torch.cat(labels)
        order = torch.randperm(label.numel(), generator=generator)
        return torch.cat(windows)[order], label[order]

    def _identity(self) -> dict[str, Any]:
        """What makes it this training and no other."""
        return {
            "reference": self._name,
            "config": self._config.to_dict(),
            "people": [one.subject for one in self._people],
            "dev": [one.subject for one in self._dev],
        }

    def _content(self, *, whole: bool) -> dict[str, Any]:
        content = {**self._identity(), "network": self._network.state_dict(), "epoch": self._epoch, "best": self._best}
        if whole:
            content |= {
                "loss": self._loss.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "cpu_s": self._cpu_s,
            }
        return content

    def _restore(self, content: dict[str, Any]) -> None:
        if any(content.get(key) != value for key, value in self._identity().items()):
            raise TrainError(
                TrainReason.BAD_CHECKPOINT,
                f"{self._folder / LAST} is of another training or other people; give another --out or remove it",
            )
        try:
            self._network.load_state_dict(content["network"])
            self._loss.load_state_dict(content["loss"])
            self._optimiser.load_state_dict(content["optimiser"])
            self._epoch, self._best = int(content["epoch"]), float(content["best"])
            self._cpu_s = float(content["cpu_s"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise TrainError(
                TrainReason.BAD_CHECKPOINT,
                f"{self._folder / LAST}: weights do not fit {self._name}; remove it and train again",
            ) from error
        log.info("%s: resuming after epoch %d", self._name, self._epoch)
