"""A network small enough to convert in seconds, and what every test of TensorFlow Lite Micro is marked with."""

import platform
import sys
from typing import Any

import flatbuffers
import pytest
import torch
from torch import nn

from export.build import golden_windows
from train.networks import EmbeddingNetwork
from train.networks.blocks import convolution, kernel_for

# The converters' own deprecations are theirs to mend.
MARKS = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"),
        reason="tflite-micro has no wheels but for Linux x86-64",
    ),
]

WINDOWS = golden_windows(300)
SIZE = 32


def small_network() -> EmbeddingNetwork:
    """A MobileNet of two blocks whose batch norms have seen windows, since INT8 ranges overflow without."""
    torch.manual_seed(1)
    layers = [
        convolution(1, 8, kernel_for(300, 2), 2),
        convolution(8, 8, kernel_for(150, 2), 2, 8),
        convolution(8, 16, 1),
        convolution(16, 16, kernel_for(75, 1), 1, 16),
        convolution(16, 24, 1),
    ]
    network = EmbeddingNetwork(nn.Sequential(*layers), 24, SIZE)
    with torch.no_grad():
        for _ in range(30):
            network.train()(torch.from_numpy(WINDOWS)[:, None, None, :])
    return network.eval()


def packed(unpacked: Any) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    return bytes(builder.Output())
