"""The models that measure a machine's limit: `python -m export.limit_models device/bench/limits` makes them anew.

Their weights are random; what they answer means nothing.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from device.bench.peaks import CHANNELS, WIDE_LAYERS, WINDOW_SAMPLES
from export.flatbuffer import slimmed
from export.to_onnx import float_onnx, int8_onnx
from export.to_tflite import float_tflite, int8_tflite

SEED = 20
CALIBRATION_WINDOWS = 32


class LimitNetwork(nn.Module):
    """Pointwise convolutions with bounded activations, then the mean over time."""

    def __init__(self) -> None:
        super().__init__()
        widths = [1] + [CHANNELS] * (WIDE_LAYERS + 1)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            convolution = nn.Conv2d(inputs, outputs, 1)
            # He's scale keeps signals as large as they come in: INT8 ranges of a fading signal are refused.
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            layers += [convolution, nn.ReLU6()]
        self.layers = nn.Sequential(*layers)

    def forward(self, windows: Tensor) -> Tensor:
        """Map (n, 1, 1, 300) to (n, 128)."""
        answer = functional.adaptive_avg_pool2d(self.layers(windows), 1)
        return answer.flatten(1)


def limit_models() -> dict[str, bytes]:
    """The four files by name, converted as a bundle's are; the same bytes each time with the same converters."""
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        network = LimitNetwork().eval()
    windows = np.random.default_rng(SEED).standard_normal((CALIBRATION_WINDOWS, WINDOW_SAMPLES)).astype(np.float32)
    tflite = float_tflite(network, WINDOW_SAMPLES)
    onnx = float_onnx(network, WINDOW_SAMPLES)
    return {
        "limit.fp32.tflite": slimmed(tflite),
        "limit.int8.tflite": slimmed(int8_tflite(tflite, windows)),
        "limit.fp32.onnx": onnx,
        "limit.int8.onnx": int8_onnx(onnx, windows),
    }


def main() -> int:
    """Write the files and name them."""
    parser = argparse.ArgumentParser(prog="python -m export.limit_models", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the files go: device/bench/limits")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in limit_models().items():
        (folder / name).write_bytes(content)
        print(f"{folder / name}: {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
