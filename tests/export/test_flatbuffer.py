from collections import Counter
from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from device.bundle import default_bundle_path
from export.build import golden_windows
from export.errors import ExportError, ExportReason
from export.flatbuffer import (
    BUFFER_ALIGNMENT,
    check_int8,
    is_self_contained,
    operators,
    output_quantisation,
    read,
    slimmed,
)

KERNELS = ("BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN")
Operator = schema.BuiltinOperator

pytestmark = pytest.mark.filterwarnings("ignore")  # LiteRT's own


@pytest.fixture(scope="module")
def int8() -> bytes:
    return (default_bundle_path() / "model.int8.tflite").read_bytes()


@pytest.fixture(scope="module")
def fp32() -> bytes:
    return (default_bundle_path() / "model.fp32.tflite").read_bytes()


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def changed(model: bytes, change: Callable[[Any], None]) -> bytes:
    unpacked = read(slimmed(model))
    change(unpacked)
    return packed(unpacked)


def with_weights_outside(model: bytes) -> bytes:
    """As the quantiser writes large models: tables that point behind the flatbuffer."""
    unpacked = read(slimmed(model))
    contents = [b"" if one.data is None else one.data.tobytes() for one in unpacked.buffers]
    for one, content in zip(unpacked.buffers, contents, strict=True):
        if content:
            one.data, one.offset, one.size = None, 2, len(content)
    start = len(packed(unpacked))
    for one, content in zip(unpacked.buffers, contents, strict=True):
        if content:
            one.offset = start
            start += len(content)
    return packed(unpacked) + b"".join(contents)


def litert(model: bytes, kernels: str) -> Any:
    interpreter = Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=OpResolverType[kernels])
    interpreter.allocate_tensors()
    return interpreter


def answers(model: bytes, kernels: str) -> np.ndarray:
    interpreter = litert(model, kernels)
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    made = []
    for window in golden_windows(300):
        interpreter.set_tensor(source["index"], window.reshape(source["shape"]))
        interpreter.invoke()
        made.append(interpreter.get_tensor(target["index"]).copy())
    return np.array(made)


def test_operators_are_those_that_litert_runs(int8: bytes) -> None:
    names = [one["op_name"] for one in litert(int8, "BUILTIN_REF")._get_ops_details()]
    assert operators(int8) == Counter(names)
    assert operators(int8)["QUANTIZE"] == operators(int8)["DEQUANTIZE"] == 1


def test_the_shipped_model_is_integer_and_the_float_one_is_not(int8: bytes, fp32: bytes) -> None:
    check_int8(int8, transpose_allowed=False)
    with pytest.raises(ExportError, match=r"operator \d+ of the INT8 model, [A-Z0-9_]+, has a float tensor") as caught:
        check_int8(fp32, transpose_allowed=False)
    assert caught.value.reason is ExportReason.OPERATORS


def test_a_float_tensor_inside_is_named(int8: bytes) -> None:
    def to_float(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors[graph.operators[3].outputs[0]].type = schema.TensorType.FLOAT32

    name = _operator_name(int8, 3)
    with pytest.raises(ExportError, match=f"operator 3 of the INT8 model, {name}, has a float tensor: change"):
        check_int8(changed(int8, to_float), transpose_allowed=True)


def test_a_dequantize_in_the_middle_is_no_end(int8: bytes) -> None:
    def requantised(model: Any) -> None:
        graph = model.subgraphs[0]
        code = next(n for n, one in enumerate(model.operatorCodes) if one.builtinCode == Operator.DEQUANTIZE)
        graph.operators[2].opcodeIndex = code
        graph.tensors[graph.operators[2].outputs[0]].type = schema.TensorType.FLOAT32

    with pytest.raises(ExportError, match="operator 2 of the INT8 model, DEQUANTIZE, has a float tensor"):
        check_int8(changed(int8, requantised), transpose_allowed=False)


def test_a_transposition_only_where_it_is_allowed(int8: bytes) -> None:
    model = changed(int8, lambda model: _become(model, Operator.TRANSPOSE))
    check_int8(model, transpose_allowed=True)
    with pytest.raises(ExportError, match="TRANSPOSE, moves data about"):
        check_int8(model, transpose_allowed=False)


def test_a_flex_operator_is_never_allowed(int8: bytes) -> None:
    def flex(model: Any) -> None:
        _become(model, Operator.CUSTOM)
        model.operatorCodes[-1].customCode = b"FlexErf"

    model = changed(int8, flex)
    assert operators(model)["FlexErf"] == 1
    with pytest.raises(ExportError, match="FlexErf, is not one of TFLite's own"):
        check_int8(model, transpose_allowed=True)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_a_slim_model_answers_the_same_bits(precision: str, kernels: str, int8: bytes, fp32: bytes) -> None:
    model = int8 if precision == "int8" else fp32
    np.testing.assert_array_equal(answers(slimmed(model), kernels), answers(model, kernels))


def test_slim_is_smaller_and_final(int8: bytes) -> None:
    def wordy(model: Any) -> None:
        model.description = b"made by a converter"
        for number, tensor in enumerate(model.subgraphs[0].tensors):
            tensor.name = b"train.networks/" + b"torch.nn.modules/" * 10 + str(number).encode()
        model.buffers.append(schema.BufferT(data=np.arange(4000, dtype=np.uint8)))  # nothing uses it
        model.metadata = [schema.MetadataT(name=b"min_runtime_version", buffer=len(model.buffers) - 1)]

    slim, fat = slimmed(int8), changed(int8, wordy)
    once = slimmed(fat)
    inner = len(read(slim).subgraphs[0].tensors) - 2  # all but input and output
    assert len(once) < len(fat) - 4000 - 170 * inner
    assert slimmed(once) == once
    assert slimmed(slim) == slim
    assert once.count(b"train.networks") == 2  # of input and output
    assert b"min_runtime_version" not in once
    assert read(once).description is None


def test_input_output_and_signature_keep_their_names(int8: bytes) -> None:
    before, after = read(int8), read(slimmed(int8))
    for end in ("inputs", "outputs"):
        (index,) = getattr(after.subgraphs[0], end)
        assert after.subgraphs[0].tensors[index].name == before.subgraphs[0].tensors[index].name
    runner = litert(slimmed(int8), "BUILTIN_REF").get_signature_runner()
    assert list(runner.get_input_details()) == [one.name.decode() for one in before.signatureDefs[0].inputs]


def test_every_channel_keeps_its_zero_point_and_equal_lists_are_written_once(int8: bytes) -> None:
    slim = slimmed(int8)
    lists = [
        one.quantization.zeroPoint.tobytes()
        for one in read(slim).subgraphs[0].tensors
        if one.quantization is not None and len(one.quantization.scale) > 1
    ]
    for tensor in read(slim).subgraphs[0].tensors:
        if tensor.quantization is not None:
            assert len(tensor.quantization.zeroPoint) == len(tensor.quantization.scale)
    repeated = sum(len(one) for one in lists) - sum(len(one) for one in set(lists))
    assert repeated > 0
    assert len(packed(read(slim))) >= len(slim) + repeated


def test_weights_behind_the_tables_are_brought_inside(int8: bytes) -> None:
    outside = with_weights_outside(int8)
    assert not is_self_contained(outside)
    np.testing.assert_array_equal(answers(outside, "BUILTIN_REF"), answers(int8, "BUILTIN_REF"))
    assert is_self_contained(slimmed(outside))
    assert slimmed(outside) == slimmed(int8)


def test_weights_lie_aligned(int8: bytes) -> None:
    slim = slimmed(int8)
    model = schema.Model.GetRootAsModel(slim, 0)
    checked = 0
    for number in range(model.BuffersLength()):
        buffer = model.Buffers(number)
        if buffer.DataLength():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            assert slim[start : start + buffer.DataLength()] == buffer.DataAsNumpy().tobytes()
            assert start % BUFFER_ALIGNMENT == 0
            checked += 1
    assert checked > 10


def test_the_output_step_is_litert_s(int8: bytes) -> None:
    interpreter = litert(int8, "BUILTIN_REF")
    behind = interpreter._get_ops_details()[-1]["inputs"][0]
    scale, zero_point = next(one["quantization"] for one in interpreter.get_tensor_details() if one["index"] == behind)
    output = output_quantisation(int8)
    assert (output.scale, output.zero_point) == (pytest.approx(scale), zero_point)


def test_a_float_model_has_no_output_step(fp32: bytes) -> None:
    with pytest.raises(ExportError, match="does not end in a DEQUANTIZE"):
        output_quantisation(fp32)


def _operator_name(model: bytes, number: int) -> str:
    return str(litert(model, "BUILTIN_REF")._get_ops_details()[number]["op_name"])


def _become(model: Any, code: int) -> None:
    """Make the fifth operator another, in name."""
    model.operatorCodes.append(schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=1))
    model.subgraphs[0].operators[4].opcodeIndex = len(model.operatorCodes) - 1
