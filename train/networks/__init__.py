"""The networks that can be trained, by name."""

from train.errors import TrainError, TrainReason
from train.networks.mobilenet import MobileNetV1

__all__ = ["MobileNetV1", "build_network"]


def build_network(name: str, width: float, embedding_size: int) -> MobileNetV1:
    """Make an untrained network.

    Raises:
        TrainError: nothing is known under that name.
    """
    if name != "mobilenetv1":
        raise TrainError(TrainReason.BAD_CONFIG, f"no network {name!r}; there is: mobilenetv1")
    return MobileNetV1(width, embedding_size)
