"""Cycles: multiplications counted anew by loops, and the estimate against published measurements."""

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export.micro.cycles import CORES, Work, cycles, work_of
from tests.export.micro.small_model import MARKS, packed
from train.networks import EmbeddingNetwork
from train.networks.measures import mac_count

pytestmark = MARKS

M4, M7, M55 = CORES


def test_macs_are_those_of_loops_over_a_convolution() -> None:
    outputs, inputs, kernel, length = 3, 2, 5, 4
    count = 0
    for _ in range(length):
        for _ in range(outputs):
            for _ in range(kernel):
                for _ in range(inputs):
                    count += 1
    (work,) = work_of(
        one_operator("CONV_2D", [(1, 1, 7, inputs), (outputs, 1, kernel, inputs)], (1, 1, length, outputs))
    )
    assert work == Work("CONV_2D", count, length * outputs)


def test_macs_of_other_operators() -> None:
    depthwise = one_operator("DEPTHWISE_CONV_2D", [(1, 1, 9, 6), (1, 1, 5, 6)], (1, 1, 9, 6))
    assert work_of(depthwise) == [Work("DEPTHWISE_CONV_2D", 9 * 6 * 5, 54)]
    dense = one_operator("FULLY_CONNECTED", [(1, 20), (7, 20)], (1, 7))
    assert work_of(dense) == [Work("FULLY_CONNECTED", 140, 7)]
    options = schema.Pool2DOptionsT(filterHeight=1, filterWidth=2)
    pool = one_operator("MAX_POOL_2D", [(1, 1, 8, 3)], (1, 1, 4, 3), options)
    assert work_of(pool) == [Work("MAX_POOL_2D", 24, 12)]
    assert work_of(one_operator("MEAN", [(1, 1, 10, 4), (2,)], (1, 1, 1, 4))) == [Work("MEAN", 40, 4)]
    assert work_of(one_operator("ADD", [(1, 5), (1, 5)], (1, 5))) == [Work("ADD", 5, 5)]
    assert work_of(one_operator("RESHAPE", [(1, 5), (2,)], (5,))) == [Work("RESHAPE", 0, 0)]
    assert work_of(one_operator("QUANTIZE", [(1, 5)], (1, 5))) == [Work("QUANTIZE", 0, 5)]


def test_a_network_s_macs_are_those_that_training_counts(model: bytes, network: EmbeddingNetwork) -> None:
    works = [work for work in work_of(model) if "CONV" in work.name]
    assert sum(work.macs for work in works) == mac_count(network)


def test_cycles_are_the_sum_over_operators() -> None:
    works = [Work("CONV_2D", 1000, 10), Work("DEPTHWISE_CONV_2D", 300, 20), Work("RESHAPE", 0, 0)]
    span = cycles(works, M7)
    assert span.low == pytest.approx(1000 * 1.4 + 300 * 2.8 + 30 * 6)
    assert span.high == pytest.approx(1000 * 2.8 + 300 * 7 + 30 * 20)


def test_published_measurements_lie_within_the_estimate() -> None:
    # Lai et al. 2018, table 1: 99.1 ms on a Cortex-M7 at 216 MHz.
    cifar10 = [
        convolved(32 * 32, 5 * 5 * 3, 32),
        Work("MAX_POOL_2D", 16 * 16 * 32 * 9, 16 * 16 * 32),
        convolved(16 * 16, 5 * 5 * 32, 32),
        Work("AVERAGE_POOL_2D", 8 * 8 * 32 * 9, 8 * 8 * 32),
        convolved(8 * 8, 5 * 5 * 32, 64),
        Work("AVERAGE_POOL_2D", 4 * 4 * 64 * 9, 4 * 4 * 64),
        Work("FULLY_CONNECTED", 4 * 4 * 64 * 10, 10),
    ]
    span = cycles(cifar10, M7)
    assert span.low < 99.1e-3 * 216e6 < span.high
    # MLPerf Tiny 0.5, keyword spotting: 181.92 ms on a Cortex-M4 at 120 MHz.
    keywords = [
        convolved(25 * 5, 10 * 4, 64),
        *4 * [Work("DEPTHWISE_CONV_2D", 25 * 5 * 64 * 9, 25 * 5 * 64), convolved(25 * 5, 64, 64)],
    ]
    assert sum(work.macs for work in keywords) == pytest.approx(2.66e6, rel=0.01)
    span = cycles(keywords, M4)
    assert span.low < 181.92e-3 * 120e6 < span.high


def convolved(positions: int, taps: int, channels: int) -> Work:
    return Work("CONV_2D", positions * taps * channels, positions * channels)


def one_operator(name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...], options: Any = None) -> bytes:
    code = getattr(schema.BuiltinOperator, name)
    tensors = [
        schema.TensorT(shape=np.array(shape, np.int32), type=schema.TensorType.INT8, buffer=0)
        for shape in [*inputs, output]
    ]
    operator = schema.OperatorT(
        opcodeIndex=0,
        inputs=np.arange(len(inputs), dtype=np.int32),
        outputs=np.array([len(inputs)], np.int32),
        builtinOptions=options,
        builtinOptionsType=0 if options is None else schema.BuiltinOptions.Pool2DOptions,
    )
    graph = schema.SubGraphT(
        tensors=tensors,
        inputs=np.array([0], np.int32),
        outputs=np.array([len(inputs)], np.int32),
        operators=[operator],
    )
    codes = [schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=1)]
    return packed(schema.ModelT(version=3, operatorCodes=codes, subgraphs=[graph], buffers=[schema.BufferT()]))
