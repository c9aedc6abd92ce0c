"""The networks that can be trained, by name."""

from collections.abc import Callable

from train.errors import TrainError, TrainReason
from train.networks.base import EmbeddingNetwork
from train.networks.fcn import Fcn
from train.networks.mobilenet import MobileNetV1
from train.networks.resnet import ResNet34
from train.networks.shufflenet import ShuffleNetV1

__all__ = ["EmbeddingNetwork", "Fcn", "MobileNetV1", "ResNet34", "ShuffleNetV1", "build_network"]

MIN_WIDTH, MAX_WIDTH = 0.25, 1.0

_NETWORKS: dict[str, Callable[[float, int], EmbeddingNetwork]] = {
    "fcn": Fcn,
    "mobilenetv1": MobileNetV1,
    "resnet34": ResNet34,
    "shufflenetv1": ShuffleNetV1,
}


def build_network(name: str, width: float, embedding_size: int) -> EmbeddingNetwork:
    """Make an untrained network.

    Args:
        name: one of those above.
        width: factor on every channel count, 0.25 to 1.
        embedding_size: length of the embedding.

    Raises:
        TrainError: BAD_CONFIG, nothing is known under that name or no network is made in that width.
    """
    if name not in _NETWORKS:
        raise TrainError(TrainReason.BAD_CONFIG, f"no network {name!r}; there is: {', '.join(_NETWORKS)}")
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        raise TrainError(TrainReason.BAD_CONFIG, f"no {name} of width {width}; there is: {MIN_WIDTH} to {MAX_WIDTH}")
    return _NETWORKS[name](width, embedding_size)
