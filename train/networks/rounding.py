"""Modules that can be trained on the grid INT8 will have: activations, weights and signals without activation.

Quantisation-aware training as in Jacob et al. 2018, arXiv 1712.05877; gradients pass every rounding straight through.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

BOUND = 6.0
"""Largest activation; TFLite and ONNX Runtime fuse this clamp into the convolution or sum before it."""
STEPS = 255
"""Between the least and the greatest value of 8 bits."""


class BoundedReLU(nn.Module):
    """ReLU6 that can be trained rounded to the 256 steps INT8 will have.

    The bound makes the range known beforehand, and the rounding teaches the network to live with it: quantised after
    training without either, embeddings moved by a mean cosine of 0.013.
    """

    rounding = False

    def forward(self, values: Tensor) -> Tensor:
        """Clamp to [0, 6], any shape."""
        bounded: Tensor
        if self.training and self.rounding:
            bounded = _rounded(values, BOUND / STEPS, 0, STEPS)
        else:
            bounded = functional.relu6(values)
        return bounded


class RoundedSignal(nn.Module):
    """Passes on what has no activation and so no known range; rounded, to 256 steps between the batch's extremes.

    INT8 gives such a tensor a range of its own: the extremes of the calibration windows, of which a batch is a sample.
    """

    rounding = False

    def forward(self, values: Tensor) -> Tensor:
        """Round or pass on, any shape."""
        if not (self.training and self.rounding):
            return values
        least, greatest = (float(extreme) for extreme in torch.aminmax(values.detach()))
        # Zero is always a level, as INT8 needs it for padding.
        least, greatest = min(least, 0.0), max(greatest, 0.0)
        step = max((greatest - least) / STEPS, 1e-8)
        lowest = round(least / step)
        return _rounded(values, step, lowest, lowest + STEPS)


class RoundedConv2d(nn.Conv2d):
    """A convolution whose weights can be trained rounded to INT8, a scale an output channel.

    Folding the batch norm behind it scales whole channels, so the steps are those of the folded weights too.
    """

    rounding = False

    def forward(self, values: Tensor) -> Tensor:
        """Convolve, (n, inputs, 1, m) to (n, outputs, 1, k)."""
        if not (self.training and self.rounding):
            return super().forward(values)
        scale = self.weight.detach().abs().amax(dim=(1, 2, 3)).clamp_min(1e-8) / 127.0
        zero = torch.zeros_like(scale, dtype=torch.int32)
        weight = torch.fake_quantize_per_channel_affine(self.weight, scale, zero, 0, -127, 127)
        convolved: Tensor = self._conv_forward(values, weight, self.bias)
        return convolved


def set_rounding(network: nn.Module, rounding: bool) -> None:
    """Train with activations, signals and weights rounded to the steps of INT8, or not."""
    for module in network.modules():
        if isinstance(module, BoundedReLU | RoundedSignal | RoundedConv2d):
            module.rounding = rounding


def _rounded(values: Tensor, step: float, least: int, greatest: int) -> Tensor:
    """Values as the nearest of the levels least to greatest, times step; gradients pass where that clips nothing.

    The numbers of ``torch.fake_quantize_per_tensor_affine``, eight times as fast on a CPU.
    """
    clipped = functional.hardtanh(values, (least - 0.5) * step, (greatest + 0.5) * step)
    with torch.no_grad():
        change = clipped.mul(1.0 / step).round_().clamp_(least, greatest).mul_(step).sub_(clipped)
    return clipped + change
