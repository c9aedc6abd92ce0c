"""What is in a TFLite flatbuffer, and the same model with nothing in it that no kernel reads."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from export.errors import ExportError, ExportReason

FILE_IDENTIFIER = b"TFL3"
BUFFER_ALIGNMENT = 16
"""Bytes. TFLite's schema asks for it, and kernels on a microcontroller read 32-bit biases where they lie."""
_OPERATOR_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_FLOATS = {schema.TensorType.FLOAT16, schema.TensorType.FLOAT32, schema.TensorType.FLOAT64, schema.TensorType.BFLOAT16}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a model, with the tensors of its graph that it reads and writes."""

    name: str
    """As in TFLite's schema; a custom operator's own code, which begins with ``Flex`` where it is TensorFlow's."""
    custom: bool
    inputs: tuple[Any, ...]
    """Tensors (``TensorT``); an optional input that is absent is left out."""
    outputs: tuple[Any, ...]
    options: Any
    """The schema's options of a builtin operator, such as ``Pool2DOptionsT``; none for some."""
    reads_input: bool
    """Whether a tensor it reads is the model's input."""
    writes_output: bool
    """Whether a tensor it writes is the model's output."""


@dataclass(frozen=True, slots=True)
class Quantisation:
    """What a step of an INT8 tensor is worth: value = scale * (step - zero_point)."""

    scale: float
    zero_point: int


def read(model: bytes) -> Any:
    """Unpack a flatbuffer into the schema's ``ModelT``."""
    return schema.ModelT.InitFromPackedBuf(model, 0)


def walk(model: bytes) -> Iterator[Operator]:
    """The operators of every graph, in the order they run."""
    unpacked = read(model)
    for graph in unpacked.subgraphs:
        tensors = graph.tensors
        for operator in graph.operators:
            name, custom = _name(unpacked.operatorCodes[operator.opcodeIndex])
            yield Operator(
                name,
                custom,
                tuple(tensors[i] for i in operator.inputs if i >= 0),
                tuple(tensors[i] for i in operator.outputs),
                operator.builtinOptions,
                any(i in graph.inputs for i in operator.inputs),
                any(i in graph.outputs for i in operator.outputs),
            )


def operators(model: bytes) -> dict[str, int]:
    """How many of each operator a model has, by name."""
    return dict(Counter(operator.name for operator in walk(model)))


def check_int8(model: bytes, *, transpose_allowed: bool) -> None:
    """Hold an INT8 model to integers between the QUANTIZE at its input and the DEQUANTIZE at its output.

    Args:
        model: the flatbuffer.
        transpose_allowed: whether it may move data about, as a network that shuffles channels must.

    Raises:
        ExportError: OPERATORS, naming the first operator that does not fit.
    """
    for number, operator in enumerate(walk(model)):
        fault = _fault(operator, transpose_allowed)
        if fault is not None:
            raise ExportError(
                ExportReason.OPERATORS,
                f"operator {number} of the INT8 model, {operator.name}, {fault}: change the network or its "
                "quantisation so that it exports without",
            )


def output_quantisation(model: bytes) -> Quantisation:
    """The step of the INT8 tensor behind a model's float output.

    Raises:
        ExportError: OPERATORS, where no DEQUANTIZE of one tensor writes the output.
    """
    for operator in walk(model):
        if operator.name == "DEQUANTIZE" and operator.writes_output:
            parameters = operator.inputs[0].quantization
            return Quantisation(float(parameters.scale[0]), int(parameters.zeroPoint[0]))
    raise ExportError(
        ExportReason.OPERATORS, "the model does not end in a DEQUANTIZE: give the INT8 model with float output"
    )


def is_self_contained(model: bytes) -> bool:
    """Whether all weights are inside the flatbuffer's tables, not in bytes behind it that tables point to.

    The quantiser writes large models the second way. TFLite Micro takes such a model, reads no weights and answers
    nonsense.
    """
    return all(buffer.offset <= 1 for buffer in read(model).buffers)


def slimmed(model: bytes) -> bytes:
    """The same model, self-contained, with one copy of what is equal and nothing that no kernel reads.

    Left out are the names of inner tensors (which list every module of the network they came from), descriptions,
    metadata and buffers that nothing uses. Input, output and signature keep their names. LiteRT and tflite-runtime
    refuse weights with fewer zero points than channels, although all are zero, so those stay, in one list for all
    tensors of as many channels.

    Args:
        model: the flatbuffer.

    Returns:
        A flatbuffer whose answers are the same, bit for bit; slimming it again changes nothing.
    """
    unpacked = read(model)
    unpacked.description = unpacked.metadata = unpacked.metadataBuffer = None
    for graph in unpacked.subgraphs:
        graph.name = None
        ends = {*graph.inputs, *graph.outputs}
        for index, tensor in enumerate(graph.tensors):
            if index not in ends:
                tensor.name = None
            if tensor.quantization is not None and tensor.quantization.scale is None:
                tensor.quantization = None
    _keep_used_buffers(unpacked, model)
    builder = _SharingBuilder(len(model))
    builder.Finish(unpacked.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def _name(code: Any) -> tuple[str, bool]:
    # Codes under 127 stand in the old field as well; the newer ones overflow it.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    if number == schema.BuiltinOperator.CUSTOM:
        return code.customCode.decode(), True
    return _OPERATOR_NAMES[number], False


def _fault(operator: Operator, transpose_allowed: bool) -> str | None:
    if operator.custom:
        return "is not one of TFLite's own"
    if operator.name == "TRANSPOSE" and not transpose_allowed:
        return "moves data about"
    at_an_end = (operator.name == "QUANTIZE" and operator.reads_input) or (
        operator.name == "DEQUANTIZE" and operator.writes_output
    )
    if not at_an_end and any(tensor.type in _FLOATS for tensor in (*operator.inputs, *operator.outputs)):
        return "has a float tensor"
    return None


def _keep_used_buffers(unpacked: Any, model: bytes) -> None:
    """Buffer 0 stays first: by convention it is the empty one, of every tensor without constant content."""
    kept, numbers = [unpacked.buffers[0]], {}
    for tensor in (tensor for graph in unpacked.subgraphs for tensor in graph.tensors):
        if tensor.buffer not in numbers:
            buffer = unpacked.buffers[tensor.buffer]
            if buffer.offset > 1:
                buffer.data = np.frombuffer(model, np.uint8, buffer.size, buffer.offset)
                buffer.offset = buffer.size = 0
            numbers[tensor.buffer] = 0 if buffer.data is None else len(kept)
            if buffer.data is not None:
                kept.append(buffer)
        tensor.buffer = numbers[tensor.buffer]
    unpacked.buffers = kept


class _SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Writes equal vectors once, and weights aligned, which the schema's generated code for Python does not."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802 - what the generated code calls
        content = x.astype(x.dtype.newbyteorder("<"), copy=False).tobytes()
        key = (x.dtype.str, content)
        if key not in self._written:
            self.StartVector(x.itemsize, x.size, BUFFER_ALIGNMENT if x.dtype == np.uint8 else x.itemsize)
            self.head -= len(content)
            self.Bytes[self.head : self.head + len(content)] = content
            self._written[key] = self.EndVector()
        return self._written[key]
