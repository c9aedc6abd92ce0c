"""A network with the classifier it trains under."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from train.config import NetworkConfig
from train.networks import build_network

BATCH = 512


class Model(nn.Module):
    """Feature extractor and classifier, of a teacher or of a student."""

    def __init__(self, network: NetworkConfig, classes: int) -> None:
        """
        Args:
            network: the feature extractor.
            classes: people who train.
        """
        super().__init__()
        self.network = build_network(network.name, network.width, network.embedding_size)
        self.classifier = nn.Linear(network.embedding_size, classes)

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, size) and logits (n, classes) of windows (n, 1, 1, 300)."""
        features = self.network(windows)
        return features, self.classifier(features)


def features_of(model: nn.Module, windows: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    """Features (n, size) of windows (n, 300), in evaluation mode."""
    model.eval()
    with torch.inference_mode():
        batches = torch.split(torch.from_numpy(windows), BATCH)
        parts = [model(batch[:, None, None, :].to(device))[0].cpu().numpy() for batch in batches]
    return np.concatenate(parts)
