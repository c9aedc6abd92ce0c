"""MobileNetV1 in one dimension (Howard et al. 2017, arXiv 1704.04861), written so that it exports well."""

import torch
from torch import Tensor, nn
from torch.nn import functional

WINDOW_SAMPLES = 300
STEM_CHANNELS = 32
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""(channels at width 1, stride) of each depthwise-separable block, as in the paper's table 1."""
BOUND = 6.0
"""Largest activation; TFLite and ONNX Runtime fuse this clamp into the convolution before it."""
KERNEL = 5
"""Samples; the paper's 3x3 has nine taps, a line of 3 would see too little of a beat."""


def kernel_for(length: int, stride: int) -> int:
    """The kernel whose symmetric padding is the converter's SAME padding, so that no PAD op is needed.

    At stride 2 that is an odd kernel on an odd length and an even one on an even length.
    """
    return KERNEL + 1 if stride == 2 and length % 2 == 0 else KERNEL


class BoundedReLU(nn.Module):
    """ReLU6 that can be trained rounded to the 256 steps INT8 will have; gradients pass straight through.

    The bound makes the range known beforehand, and the rounding teaches the network to live with it: quantised after
    training without either, embeddings moved by a mean cosine of 0.013 (quantisation-aware training as in Jacob et
    al. 2018, arXiv 1712.05877).
    """

    rounding = False

    def forward(self, values: Tensor) -> Tensor:
        """Clamp to [0, 6], any shape."""
        bounded: Tensor
        if self.training and self.rounding:
            bounded = torch.fake_quantize_per_tensor_affine(values, BOUND / 255.0, 0, 0, 255)
        else:
            bounded = functional.relu6(values)
        return bounded


class RoundedConv2d(nn.Conv2d):
    """A convolution whose weights can be trained rounded to INT8, a scale an output channel, straight through.

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


class MobileNetV1(nn.Module):
    """Windows to embeddings: Conv2d of (1, k) kernels, foldable batch norms, bounded ReLU."""

    def __init__(self, width: float, embedding_size: int) -> None:
        """
        Args:
            width: factor on every channel count, 0.25 to 1.
            embedding_size: length of the embedding.
        """
        super().__init__()
        channels = _scaled(STEM_CHANNELS, width)
        length = WINDOW_SAMPLES
        layers = [_convolution(1, channels, length, 2, depthwise=False)]
        length = (length + 1) // 2
        for full, stride in BLOCKS:
            layers.append(_convolution(channels, channels, length, stride, depthwise=True))
            length = (length + stride - 1) // stride
            layers.append(_pointwise(channels, _scaled(full, width)))
            channels = _scaled(full, width)
        self.features = nn.Sequential(*layers)
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


def set_rounding(network: nn.Module, rounding: bool) -> None:
    """Train with activations and weights rounded to the steps of INT8, or not."""
    for module in network.modules():
        if isinstance(module, BoundedReLU | RoundedConv2d):
            module.rounding = rounding


def _scaled(channels: int, width: float) -> int:
    """A multiple of 8, which the kernels of every runtime like."""
    return max(8, int(channels * width + 4) // 8 * 8)


def _convolution(inputs: int, outputs: int, length: int, stride: int, *, depthwise: bool) -> nn.Sequential:
    kernel = kernel_for(length, stride)
    padding = (kernel - 1) // 2
    return nn.Sequential(
        RoundedConv2d(
            inputs,
            outputs,
            (1, kernel),
            (1, stride),
            (0, padding),
            groups=inputs if depthwise else 1,
            bias=False,
        ),
        nn.BatchNorm2d(outputs),
        BoundedReLU(),
    )


def _pointwise(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(RoundedConv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), BoundedReLU())


def unit(embeddings: Tensor) -> Tensor:
    """Embeddings (n, d) at unit length, as comparison takes them."""
    return functional.normalize(embeddings)


def parameter_count(network: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def mac_count(network: nn.Module) -> int:
    """Multiply-accumulates of one window's convolutions."""
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
