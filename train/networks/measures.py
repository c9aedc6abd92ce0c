"""What is measured of networks and of their embeddings."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from train.networks.base import WINDOW_SAMPLES


def unit(embeddings: Tensor) -> Tensor:
    """Embeddings (n, d) at unit length, as comparison takes them."""
    return functional.normalize(embeddings)


def parameter_count(network: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def mac_count(network: nn.Module) -> int:
    """Multiply-accumulates of one window's trained convolutions."""
    total = 0

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)
        total += output[0].numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, nn.Conv2d)]
    training = network.training
    with torch.no_grad():
        network.eval()(torch.zeros(1, 1, 1, WINDOW_SAMPLES))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return total
