"""Quantiles and limits, derived again with plain loops."""

import math

import numpy as np
import pytest

from device.bench.latency import Latency
from device.bench.peaks import (
    CHANNELS,
    LIMIT_MACS,
    LIMIT_PARAMETERS,
    WIDE_LAYERS,
    WINDOW_SAMPLES,
    Peak,
    best,
    limit_subjects,
    ratio_to_limit,
)


def least_that_keeps(times: list[int], percent: int) -> float:
    """The least measured time that at least so many per cent of the calls keep to, in us."""
    for limit in sorted(times):
        if 100 * sum(time <= limit for time in times) >= percent * len(times):
            return limit / 1000
    raise AssertionError("some time is kept to by all")


@pytest.mark.parametrize("count", [1, 2, 19, 20, 100, 599])
def test_quantiles(count: int) -> None:
    times = np.random.default_rng(count).integers(1_000, 1_000_000, count)
    latency = Latency.of(times)
    plain = times.tolist()
    assert latency.median_us == least_that_keeps(plain, 50)
    assert latency.p95_us == least_that_keeps(plain, 95)
    assert latency.p99_us == least_that_keeps(plain, 99)
    assert latency.windows_per_s == pytest.approx(count / (sum(plain) / 1e9))


def test_macs_and_parameters_of_the_limit_network() -> None:
    macs = parameters = 0
    inputs = 1
    for _ in range(1 + WIDE_LAYERS):
        for _ in range(CHANNELS):
            macs += WINDOW_SAMPLES * inputs
            parameters += inputs + 1
        inputs = CHANNELS
    assert (macs, parameters) == (LIMIT_MACS, LIMIT_PARAMETERS)


def test_ratio_to_limit() -> None:
    peak = Peak("int8", 1, "litert", 500.0, 40e9)
    macs = 12_000_000
    at_best_us = macs / 40e9 * 1e6
    assert ratio_to_limit(450.0, macs, peak) == pytest.approx(450.0 / at_best_us)
    assert ratio_to_limit(at_best_us, macs, peak) == pytest.approx(1.0)
    assert ratio_to_limit(450.0, macs, None) is None


def test_the_peak_is_the_fastest_runtimes() -> None:
    slow, fast = Peak("int8", 1, "litert", 500.0, 40e9), Peak("int8", 1, "onnxruntime", 400.0, 50e9)
    other = Peak("int8", 2, "litert", 300.0, 66e9)
    floats = Peak("fp32", 1, "litert", 600.0, 33e9)
    assert best([slow, floats, fast, other]) == [fast, floats, other]


def test_limit_models_ship_for_the_runtimes_that_read_files() -> None:
    subjects = list(limit_subjects(["litert", "torch", "onnxruntime"]))
    assert [(one.runtime, one.precision) for one in subjects] == [
        ("litert", "int8"),
        ("litert", "fp32"),
        ("onnxruntime", "int8"),
        ("onnxruntime", "fp32"),
    ]
    sizes = {(one.format, one.precision): len(one.content or b"") for one in subjects}
    assert all(math.isclose(sizes[kind, "fp32"], 4 * LIMIT_PARAMETERS, rel_tol=0.1) for kind in ("tflite", "onnx"))
    assert all(sizes[kind, "int8"] < 1.5 * LIMIT_PARAMETERS for kind in ("tflite", "onnx"))
