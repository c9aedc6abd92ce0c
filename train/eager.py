"""PyTorch without any compiler, as a runtime that ``pulsekey bench`` finds by its entry point."""

import numpy as np
import torch
from numpy.typing import NDArray

from device.manifest import Architecture
from train.networks import EmbeddingNetwork, build_network

PRECISION = "fp32"


class EagerRunner:
    """A network in evaluation mode, see ``device.bench.runners.Runner``."""

    def __init__(self, network: EmbeddingNetwork) -> None:
        """
        Args:
            network: in evaluation mode.
        """
        self._network = network

    def run(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed one window (300,), (1, d), not of unit length."""
        with torch.inference_mode():
            answer: NDArray[np.float32] = self._network(torch.from_numpy(window).reshape(1, 1, 1, -1)).numpy()
        return answer


def describe() -> str:
    """The runtime and its version."""
    return f"torch {torch.__version__}"


def load(architecture: Architecture, threads: int) -> EagerRunner:
    """Build this network, untrained: its weights do not change how long it takes.

    The thread count is the process's, so all that were loaded run on the latest one.

    Raises:
        TrainError: BAD_CONFIG, there is no such network.
    """
    torch.set_num_threads(threads)
    network = build_network(architecture.name, architecture.width, architecture.embedding_size)
    return EagerRunner(network.eval())
