"""TensorFlow Lite Micro's interpreter: its answers, its arena, and models that it cannot run."""

import math
import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from device.embedders.native_stderr import caught_stderr
from export.errors import ExportError, ExportReason
from export.flatbuffer import output_quantisation, read
from export.micro import interpreter
from export.micro.agreement import agreement, litert_answers
from export.micro.c_array import output_steps
from export.micro.interpreter import ARENA_STEP, MicroEmbedder, answers, arena_bytes
from tests.export.micro.small_model import MARKS, SIZE, WINDOWS, packed

pytestmark = MARKS


def test_micro_answers_as_litert_s_reference_kernels_do(model: bytes) -> None:
    rng = np.random.default_rng(0)
    windows = np.concatenate([WINDOWS, rng.normal(size=(40, 300)).astype(np.float32)])
    found = agreement(model, windows)
    assert (found.windows, found.reference) == (48, 0)
    output = output_quantisation(model)
    ours = output_steps(answers(model, windows), output).astype(int)
    for kernels, expected in (
        ("BUILTIN_REF", found.reference),
        ("BUILTIN_WITHOUT_DEFAULT_DELEGATES", found.builtin),
        ("BUILTIN", found.xnnpack),
    ):
        theirs = output_steps(litert_answers(model, windows, kernels), output).astype(int)
        worst = 0
        for row, other in zip(ours, theirs, strict=True):
            for a, b in zip(row, other, strict=True):
                worst = max(worst, abs(int(a) - int(b)))
        assert worst == expected
        assert worst <= 8
    assert len(np.unique(ours)) > 50  # an answer that is all one value would agree too


def test_the_arena_is_enough_and_a_step_less_is_not(model: bytes) -> None:
    arena = arena_bytes(model)
    assert arena % ARENA_STEP == 0
    assert interpreter._starts(model, arena)
    assert not interpreter._starts(model, arena - ARENA_STEP)
    # Input, output and two 32-bit numbers for each of the 104 output channels have a place in it.
    assert 300 * 4 + SIZE * 4 + 8 * (8 + 8 + 16 + 16 + 24 + SIZE) < arena < 16384
    np.testing.assert_array_equal(MicroEmbedder(model, arena).answer(WINDOWS[0]), answers(model, WINDOWS[:1])[0])


def test_an_embedding_has_unit_length_and_the_answer_s_direction(model: bytes) -> None:
    embedder = MicroEmbedder(model)
    answer = embedder.answer(WINDOWS[3]).astype(np.float64)
    assert embedder.embedding_size == SIZE
    np.testing.assert_allclose(embedder.embed(WINDOWS[3]), answer / math.sqrt(sum(answer * answer)), atol=1e-6)


def test_weights_that_micro_would_not_find_are_refused(model: bytes) -> None:
    unpacked = read(model)
    buffer = next(one for one in unpacked.buffers if one.data is not None)
    buffer.size, buffer.data, buffer.offset = len(buffer.data), None, len(model)
    with pytest.raises(ExportError, match="weights outside its tables") as caught:
        MicroEmbedder(packed(unpacked))
    assert caught.value.reason is ExportReason.OPERATORS


def test_an_operator_that_micro_does_not_know_is_named(model: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    unpacked = read(model)
    reshape = next(one for one in unpacked.operatorCodes if one.builtinCode == schema.BuiltinOperator.RESHAPE)
    reshape.builtinCode = reshape.deprecatedBuiltinCode = schema.BuiltinOperator.HASHTABLE_LOOKUP
    with pytest.raises(ExportError, match=r"cannot run the model: .*HASHTABLE_LOOKUP") as caught:
        arena_bytes(packed(unpacked))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_native_output_is_caught_and_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    with caught_stderr() as lines:
        subprocess.run("echo one >&2; echo >&2; echo two >&2", shell=True, check=True)
    assert lines == ["one", "two"]
    subprocess.run("echo three >&2", shell=True, check=True)
    assert capfd.readouterr().err == "three\n"


def test_without_the_interpreter_one_line_says_what_to_install(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(ExportError, match="pip install tflite-micro") as caught:
        answers(model, WINDOWS)
    assert caught.value.reason is ExportReason.RUNTIME
