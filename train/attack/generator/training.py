"""The generator's training: seeded, on one thread, and one that was cut goes on to the same weights."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from train.attack.generator.network import PulseGenerator
from train.attack.generator.pairs import MIN_SAMPLES, Stretch
from train.augment import standardise
from train.checkpoint import load, save
from train.errors import TrainError, TrainReason
from train.schedule import one_cycle

CHECKPOINT = "last.ckpt"
SLOPE_WEIGHT = 12.0
"""A pulse changes by a twelfth of its size from sample to sample (0.079, median of challenge2015's people): both
halves of the loss then weigh alike."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """How the generator is trained."""

    seed: int = 0
    epochs: int = 30
    batches: int = 100
    """Of an epoch."""
    batch_size: int = 32
    learning_rate: float = 2e-3


def train_generator(stretches: Sequence[Stretch], config: GeneratorConfig, folder: Path) -> PulseGenerator:
    """The generator taught on these people; where ``folder`` holds its checkpoint, from there on.

    Raises:
        TrainError: TOO_FEW_PEOPLE, below two; BAD_CHECKPOINT, the folder's is another training's or damaged.
    """
    trainer = _Trainer(stretches, config, folder / CHECKPOINT)
    folder.mkdir(parents=True, exist_ok=True)
    return trainer.run()


class _Trainer:
    def __init__(self, stretches: Sequence[Stretch], config: GeneratorConfig, path: Path) -> None:
        self._people: dict[str, list[Stretch]] = {}
        for one in stretches:
            self._people.setdefault(one.subject, []).append(one)
        if len(self._people) < 2:
            raise TrainError(
                TrainReason.TOO_FEW_PEOPLE,
                f"{len(self._people)} people have ECG and pulse to teach the generator; give recordings of more",
            )
        self._config, self._path = config, path
        torch.set_num_threads(1)
        torch.manual_seed(config.seed)
        self._network = PulseGenerator()
        self._optimiser = torch.optim.AdamW(self._network.parameters(), lr=config.learning_rate)
        self._epoch = 0

    def run(self) -> PulseGenerator:
        if self._path.exists():
            self._restore(load(self._path))
        while self._epoch < self._config.epochs:
            loss = self._train_epoch()
            self._epoch += 1
            log.info("generator, epoch %d/%d: loss %.4f", self._epoch, self._config.epochs, loss)
            save(self._path, self._content())
        return self._network.eval()

    def _train_epoch(self) -> float:
        self._network.train()
        # From seed and epoch alone: a training that goes on draws what one that was never cut would.
        rng = np.random.default_rng([self._config.seed, self._epoch])
        total = 0.0
        for batch in tqdm(range(self._config.batches), desc=f"epoch {self._epoch + 1}", leave=False, disable=None):
            done = (self._epoch + batch / self._config.batches) / self._config.epochs
            for group in self._optimiser.param_groups:
                group["lr"] = one_cycle(done, self._config.learning_rate)
            ecg, ppg = self._draw(rng)
            loss = pulse_loss(self._network(ecg[:, None])[:, 0], ppg)
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            total += loss.item()
        return total / self._config.batches

    def _draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Cuts of ECG and pulse, (batch, MIN_SAMPLES) each, of people drawn alike often."""
        names = list(self._people)
        ecg, ppg = [], []
        for person in rng.integers(len(names), size=self._config.batch_size):
            own = self._people[names[person]]
            one = own[rng.integers(len(own))]
            first = int(rng.integers(one.ecg.size - MIN_SAMPLES + 1))
            ecg.append(one.ecg[first : first + MIN_SAMPLES])
            ppg.append(one.ppg[first : first + MIN_SAMPLES])
        return standardise(torch.from_numpy(np.stack(ecg))), standardise(torch.from_numpy(np.stack(ppg)))

    def _content(self) -> dict[str, Any]:
        return {
            "generator": asdict(self._config),
            "people": sorted(self._people),
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "epoch": self._epoch,
        }

    def _restore(self, content: dict[str, Any]) -> None:
        if content.get("generator") != asdict(self._config) or content.get("people") != sorted(self._people):
            raise TrainError(
                TrainReason.BAD_CHECKPOINT,
                f"{self._path} is of another configuration or other people; give another folder or remove it",
            )
        try:
            self._network.load_state_dict(content["network"])
            self._optimiser.load_state_dict(content["optimiser"])
            self._epoch = int(content["epoch"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise TrainError(
                TrainReason.BAD_CHECKPOINT, f"{self._path}: weights do not fit the generator; train it again"
            ) from error
        log.info("generator: resuming after epoch %d", self._epoch)


def pulse_loss(made: Tensor, true: Tensor) -> Tensor:
    """The mean absolute difference of two batches (n, samples), and of their slopes: an upstroke must be steep."""
    slopes = (made.diff(dim=1) - true.diff(dim=1)).abs().mean()
    return (made - true).abs().mean() + SLOPE_WEIGHT * slopes
