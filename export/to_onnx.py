"""A trained network as ONNX, in float and in INT8."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from torch import nn

from export.quiet import quiet

OPSET = 20


def float_onnx(network: nn.Module, window_samples: int) -> bytes:
    """Convert a network in evaluation mode; batch norms are folded on the way.

    Args:
        network: takes (1, 1, 1, window_samples) float32.
        window_samples: length of a window.

    Returns:
        The model with input ``window`` and output ``embedding``, without the converter's metadata.
    """
    example = (torch.zeros(1, 1, 1, window_samples),)
    with quiet():
        program = torch.onnx.export(
            network,
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=["window"],
            output_names=["embedding"],
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    return _stripped(_with_global_pool(program.model_proto))


def int8_onnx(float_model: bytes, calibration: NDArray[np.float32]) -> bytes:
    """Quantise statically: weights a channel each and activations, both uint8, quantise-dequantise nodes.

    With int8 weights, ONNX Runtime sums pairs of products in 16 bits on processors without VNNI, and a bounded
    activation at its bound times a large weight overflows them: mean cosine to float 0.62, seen on AVX2. Unsigned
    weights are widened first and are exact everywhere.

    Args:
        float_model: from ``float_onnx``.
        calibration: (n, window_samples) windows of people who trained.

    Returns:
        The model, input and output float.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(float_model)
        with quiet():  # it advises a pre-processing that has been done by the exporter
            quantize_static(
                source,
                target,
                _Windows(calibration),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QUInt8,
                extra_options={"WeightSymmetric": True, "TensorQuantOverrides": _weight_scales(float_model)},
                calibrate_method=CalibrationMethod.MinMax,
            )
        return _stripped(_with_one_scale_a_concat(onnx.load(target)))


def _with_global_pool(model: onnx.ModelProto) -> onnx.ModelProto:
    """The mean over time as the operator that ONNX Runtime has in integers too, which ReduceMean is not."""
    for node in model.graph.node:
        if node.op_type == "ReduceMean":
            node.op_type = "GlobalAveragePool"
            axes = node.input[1]
            del node.input[1:], node.attribute[:]
            unused = [tensor for tensor in model.graph.initializer if tensor.name == axes]
            for tensor in unused:
                model.graph.initializer.remove(tensor)
    onnx.checker.check_model(model)
    return model


def _with_one_scale_a_concat(model: onnx.ModelProto) -> onnx.ModelProto:
    """What is concatenated is quantised as the whole is, once, so that nothing is rounded twice.

    So TFLite has it. ONNX Runtime gives each part the scale of its own range, and rounds it to the whole's after that:
    the formats of one ShuffleNet differed by 11 steps, and in nearly every window by more than 4.
    """
    writers = {name: node for node in model.graph.node for name in node.output}
    readers = {name: node for node in model.graph.node for name in node.input}
    for node in model.graph.node:
        if node.op_type == "Concat":
            _, scale, zero_point = readers[node.output[0]].input
            for part in node.input:
                dequantise = writers[part]
                for one in (dequantise, writers[dequantise.input[0]]):
                    one.input[1:] = [scale, zero_point]
    read = {name for node in model.graph.node for name in node.input}
    for tensor in [one for one in model.graph.initializer if one.name not in read]:
        model.graph.initializer.remove(tensor)
    onnx.checker.check_model(model)
    return model


def _weight_scales(float_model: bytes) -> dict[str, list[dict[str, object]]]:
    """A scale for each output channel of each convolution: its largest weight is 127 steps from zero.

    So TFLite has it. Left to itself ONNX Runtime spreads the same range over 255 steps instead of 254, and the two
    formats would answer differently.
    """
    model = onnx.load_from_string(float_model)
    weights = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    scales: dict[str, list[dict[str, object]]] = {}
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            weight = onnx.numpy_helper.to_array(tensor)
            largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
            zero_point = np.array(128, dtype=np.uint8)
            scales[tensor.name] = [
                {"axis": 0, "scale": np.float32(one / 127.0 or 1.0), "zero_point": zero_point} for one in largest
            ]
    return scales


class _Windows(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, windows: NDArray[np.float32]) -> None:
        self._next: Iterator[NDArray[np.float32]] = iter(windows)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        window = next(self._next, None)
        return None if window is None else {"window": window[None, None, None, :]}


def _stripped(model: onnx.ModelProto) -> bytes:
    """Without traces of how it was made: they double the size and name files of the machine that made it."""
    del model.metadata_props[:]
    model.doc_string = ""
    model.producer_version = ""
    for part in (model.graph, *model.functions):
        del part.metadata_props[:]
        part.doc_string = ""
        for node in part.node:
            del node.metadata_props[:]
            node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        if value.metadata_props:
            del value.metadata_props[:]
        value.doc_string = ""
    return bytes(model.SerializeToString(deterministic=True))
