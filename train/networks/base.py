"""What every network has in common: windows in, embeddings out of a last layer that can be whitened."""

from torch import Tensor, nn
from torch.nn import functional

from train.networks.rounding import RoundedConv2d

WINDOW_SAMPLES = 300


class EmbeddingNetwork(nn.Module):
    """Windows to embeddings: features, their mean over time, a linear map and its batch norm."""

    def __init__(self, features: nn.Sequential, channels: int, embedding_size: int) -> None:
        """
        Args:
            features: (n, 1, 1, 300) to (n, channels, 1, m).
            channels: channels of the features.
            embedding_size: length of the embedding.
        """
        super().__init__()
        self.features = features
        self.embedding = RoundedConv2d(channels, embedding_size, 1, bias=False)
        self.norm = nn.BatchNorm2d(embedding_size)

    def forward(self, windows: Tensor) -> Tensor:
        """Embed windows.

        Args:
            windows: (n, 1, 1, 300) standardised.

        Returns:
            (n, embedding_size), not yet of unit length.
        """
        pooled = functional.adaptive_avg_pool2d(self.features(windows), 1)
        embedded: Tensor = self.norm(self.embedding(pooled))
        return embedded.flatten(1)
