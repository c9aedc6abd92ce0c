"""Quantisation-aware fine-tuning: a trained network learns to answer on INT8's grid as it does in float.

Rounded and disturbed by noise, it has to tell those who trained apart, and to answer as it does in float at that moment
(self-distillation, Hinton et al. 2015, arXiv 1503.02531). The second is what the parity gate asks for. The first lets
the network change what it listens to: one that amplifies its input's rounding steps cannot go on answering as before
and agree with itself too.
"""

import copy
import logging
from dataclasses import dataclass

import numpy as np
import torch
from pytorch_metric_learning.losses import ArcFaceLoss
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from train.augment import Augment
from train.config import AugmentConfig
from train.networks import EmbeddingNetwork
from train.networks.base import WINDOW_SAMPLES
from train.networks.rounding import RoundedSignal, set_rounding
from train.schedule import one_cycle
from train.selection import embed, score_dev
from train.windows import PersonWindows

BATCH_WINDOWS = 128
LEARNING_RATE = 2e-3
MARGIN_DEGREES = 28.6
SCALE = 32.0
"""With the margin, of ArcFace: what pytorch-metric-learning takes by default, and half its scale."""
AGREEMENT = 300.0
"""Weight of one minus the cosine to the network's own float answer, against 1 of ArcFace."""
NOISE = 0.05
"""Most white noise, in standard deviations of the pulse; the input's own rounding is 0.01."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class FineTuning:
    """How long to fine-tune, and what the result depends on besides network and windows."""

    epochs: int
    """Times that every window is seen; 0 changes nothing."""
    seed: int
    threads: int
    held_out: list[PersonWindows]
    """People who do not train; each epoch is scored on them, for the report alone."""


def fine_tuned(network: EmbeddingNetwork, people: list[PersonWindows], tuning: FineTuning) -> EmbeddingNetwork:
    """A copy of the network that bears INT8 better; the same of the same arguments, bit for bit.

    Args:
        network: trained, in evaluation mode, and whitened if it will be: its answers are what is trained.
        people: good windows of people who trained, (n, 300) each.
        tuning: epochs, seed, threads and whom to report on.

    Returns:
        The copy, in evaluation mode and without rounding.
    """
    torch.set_num_threads(tuning.threads)
    people = [one for one in people if len(one.pulse)]
    windows = torch.from_numpy(np.concatenate([one.pulse for one in people]))
    labels = torch.arange(len(people)).repeat_interleave(torch.tensor([len(one.pulse) for one in people]))
    recognition = _recognition(network, people)
    # Depthwise convolutions train twice as fast in this layout on a CPU.
    tuned: EmbeddingNetwork = copy.deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam([*tuned.parameters(), *recognition.parameters()], LEARNING_RATE)
    generator = torch.Generator().manual_seed(tuning.seed)
    disturb = Augment(AugmentConfig(0.0, NOISE, 0.0, 0.0, 0.0, 0.0), WINDOW_SAMPLES, generator)
    for epoch in range(tuning.epochs):
        batches = torch.split(torch.randperm(len(windows), generator=generator), BATCH_WINDOWS)
        total = 0.0
        for at, rows in enumerate(tqdm(batches, desc=f"fine-tuning {epoch + 1}", leave=False)):
            for group in optimiser.param_groups:
                group["lr"] = one_cycle((epoch + at / len(batches)) / tuning.epochs, LEARNING_RATE)
            loss = _loss(tuned, recognition, windows[rows], disturb(windows[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.item()
        _report(tuned, tuning, epoch, total / len(batches))
    set_rounding(tuned, False)
    plain: EmbeddingNetwork = tuned.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return plain.eval()


def _recognition(network: EmbeddingNetwork, people: list[PersonWindows]) -> ArcFaceLoss:
    """ArcFace that begins with everyone's mean answer, so that nothing is unlearnt while it finds them."""
    loss = ArcFaceLoss(len(people), network.embedding.out_channels, MARGIN_DEGREES, SCALE)
    means = np.stack([embed(network, one.pulse).mean(axis=0) for one in people], axis=1)
    loss.W.data.copy_(torch.from_numpy(means))
    return loss


def _loss(
    network: EmbeddingNetwork, recognition: ArcFaceLoss, windows: Tensor, disturbed: Tensor, labels: Tensor
) -> Tensor:
    """Of windows (n, 300), the same disturbed, and whose (n,) they are."""
    # Trained like the rounded answer: it too has to become one that rounding does not move.
    exact = network.eval()(windows[:, None, None, :])
    rounded = _rounded_answers(network, disturbed[:, None, None, :])
    distance = 1.0 - functional.cosine_similarity(rounded, exact).mean()
    loss: Tensor = recognition(rounded, labels) + AGREEMENT * distance
    return loss


def _rounded_answers(network: EmbeddingNetwork, windows: Tensor) -> Tensor:
    """Embeddings (n, d) of windows (n, 1, 1, 300) as INT8 would have them."""
    network.train()
    for module in network.modules():
        # The statistics are those that export folds into the weights, and nothing is to move them.
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    set_rounding(network, True)
    window_grid = RoundedSignal()
    set_rounding(window_grid, True)
    answers: Tensor = network(window_grid(windows))
    return answers


def _report(network: EmbeddingNetwork, tuning: FineTuning, epoch: int, loss: float) -> None:
    score = score_dev(network, tuning.held_out)
    log.info(
        "fine-tuning, epoch %d/%d: loss %.4f, held-out EER %.2f %% a window, %.2f %% over 12 s",
        epoch + 1,
        tuning.epochs,
        loss,
        100 * score.eer_window,
        100 * score.eer_decision,
    )
