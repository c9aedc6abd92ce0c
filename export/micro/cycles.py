"""How many cycles one window may take on a microcontroller: an estimate between bounds, not run on hardware.

Cycles = multiply-accumulates of each operator times cycles for one of its kind, plus values written times cycles for
one (requantise, clamp, store). Both factors are ranges, since they hang on the compiler, on flash wait states and
caches, and on how many channels an operator has.

Sources of the factors:

- Cortex-M7, convolutions: Lai et al. 2018, "CMSIS-NN", arXiv 1801.06601. Its three convolutions of 8 bits take 1.4 to
  2.8 cycles a multiply-accumulate at 216 MHz; its whole network of 12.4 million takes 99.1 ms, 1.7 cycles each.
- Cortex-M4, convolutions: it issues one instruction a cycle where the M7 issues two, so no better than the M7's best
  times 1.4; at most what MLPerf Tiny's reference on a Cortex-M4 at 120 MHz takes over all (Banbury et al. 2021,
  arXiv 2106.07597: 704 ms for a ResNet of 12.5 million, 182 ms for a DS-CNN of 2.7 million, 603 ms for a MobileNetV1 of
  7.5 million; 7 to 10 cycles).
- Cortex-M55, convolutions: its vector unit makes at most 8 multiply-accumulates of 8 bits a cycle (Arm's Cortex-M55
  data sheet). Taken are half of that, and an eighth; no published measurement stands behind it.
- Depthwise convolutions reuse no input between channels. Taken is twice a convolution's best to 2.5 times its worst,
  which an M4 needs to explain that MobileNet is slower than ResNet in MLPerf Tiny.
- A value written: the instructions of CMSIS-NN's requantisation, about ten, up to three times as many where they stall.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.flatbuffer import Operator, walk


@dataclass(frozen=True, slots=True)
class Span:
    """A low and a high bound."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Work:
    """What one operator does for one window."""

    name: str
    macs: int
    """Multiply-accumulates, or additions and comparisons where it only pools or adds; padding counts."""
    values: int
    """Values written."""


@dataclass(frozen=True, slots=True)
class Core:
    """Cycles that a processor core takes, each for one."""

    name: str
    convolution: Span
    """A multiply-accumulate of a convolution or a fully connected layer."""
    depthwise: Span
    """A multiply-accumulate of a depthwise convolution, or an addition of a pool or sum."""
    value: Span
    """A value written."""


CORES = (
    Core("Cortex-M4", Span(2.0, 8.0), Span(4.0, 20.0), Span(10.0, 30.0)),
    Core("Cortex-M7", Span(1.4, 2.8), Span(2.8, 7.0), Span(6.0, 20.0)),
    Core("Cortex-M55", Span(0.25, 1.0), Span(0.5, 2.5), Span(1.5, 8.0)),
)
_DENSE = {"CONV_2D", "FULLY_CONNECTED"}
_POOLS = {"AVERAGE_POOL_2D", "MAX_POOL_2D"}


def work_of(model: bytes) -> list[Work]:
    """What each operator of a model does, in the order they run."""
    return [_work(operator) for operator in walk(model)]


def cycles(works: Iterable[Work], core: Core) -> Span:
    """Between how many cycles one window may take on a core, by what a model's operators do."""
    low = high = 0.0
    for work in works:
        each = core.convolution if work.name in _DENSE else core.depthwise
        low += work.macs * each.low + work.values * core.value.low
        high += work.macs * each.high + work.values * core.value.high
    return Span(low, high)


def _work(operator: Operator) -> Work:
    name, values = operator.name, sum(_size(tensor) for tensor in operator.outputs)
    if name == "RESHAPE":
        return Work(name, 0, 0)  # TFLite Micro hands the same memory on, or copies it as one block
    return Work(name, _macs(operator, values), values)


def _macs(operator: Operator, values: int) -> int:
    name, inputs = operator.name, operator.inputs
    if name in _DENSE:
        return values * int(np.prod(inputs[1].shape[1:]))  # weights: outputs first
    if name == "DEPTHWISE_CONV_2D":
        return values * int(np.prod(inputs[1].shape[1:3]))  # weights: 1, height, width, channels
    if name in _POOLS:
        options: Any = operator.options
        return values * int(options.filterHeight * options.filterWidth)
    if name in ("MEAN", "SUM"):
        return _size(inputs[0])
    return values if name in ("ADD", "SUB", "MUL") else 0


def _size(tensor: Any) -> int:
    return int(np.prod(tensor.shape))
