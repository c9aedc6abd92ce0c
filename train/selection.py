"""How well a network tells held-out people apart, in the same protocol as ``pulsekey evaluate``."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.comparison import pooled
from device.metrics import equal_error_rate
from train.networks.measures import unit
from train.windows import PersonWindows

ENROL_WINDOWS = 25
"""60 s of windows without overlap."""
DECISION_WINDOWS = 5
"""12 s."""


@dataclass(frozen=True, slots=True)
class DevScore:
    """Error rates on the people held out, within their one recording."""

    eer_window: float
    eer_decision: float

    @property
    def value(self) -> float:
        """What training selects by: lower is better."""
        return 0.5 * (self.eer_window + self.eer_decision)


def embed(network: nn.Module, pulse: NDArray[np.float32], batch_size: int = 512) -> NDArray[np.float32]:
    """Unit embeddings of windows.

    Args:
        network: any that takes (n, 1, 1, samples).
        pulse: (n, samples).
        batch_size: windows at a time.

    Returns:
        (n, d).
    """
    network.eval()
    with torch.inference_mode():
        parts = [unit(network(batch[:, None, None, :])) for batch in torch.split(torch.from_numpy(pulse), batch_size)]
    return np.concatenate([part.numpy() for part in parts])


def score_dev(network: nn.Module, people: list[PersonWindows]) -> DevScore:
    """Enrol everyone from their first windows and compare the rest with everyone."""
    return score_embeddings([embed(network, one.pulse) for one in people if one.pulse.size])


def score_embeddings(people: list[NDArray[np.float32]]) -> DevScore:
    """The same, of embeddings already made: one (n, d) array a person, in time order."""
    enrolled = [e for e in people if e.shape[0] >= ENROL_WINDOWS + DECISION_WINDOWS]
    references = np.stack([pooled(e[:ENROL_WINDOWS]) for e in enrolled])
    return DevScore(*(_error_rate(enrolled, references, windows) for windows in (1, DECISION_WINDOWS)))


def _error_rate(people: list[NDArray[np.float32]], references: NDArray[np.float32], windows: int) -> float:
    mated, non_mated = [], []
    for own, embeddings in enumerate(people):
        count = (embeddings.shape[0] - ENROL_WINDOWS) // windows
        parts = embeddings[ENROL_WINDOWS : ENROL_WINDOWS + count * windows].reshape(count, windows, -1)
        scores = np.stack([pooled(part) for part in parts]) @ references.T
        mated.append(scores[:, own])
        non_mated.append(np.delete(scores, own, axis=1).ravel())
    return equal_error_rate(np.concatenate(mated), np.concatenate(non_mated))
