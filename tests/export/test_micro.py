import math
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from torch import nn

from device.bundle import default_bundle_path, load_bundle
from device.cli import main
from device.embedders.native_stderr import caught_stderr
from export.build import golden_windows
from export.errors import ExportError, ExportReason
from export.flatbuffer import Quantisation, output_quantisation, read, slimmed
from export.micro import build, interpreter
from export.micro.agreement import agreement, litert_answers
from export.micro.c_array import MicroModel, golden_header, model_header, model_source, output_steps
from export.micro.cycles import CORES, Work, cycles, work_of
from export.micro.interpreter import ARENA_STEP, MicroEmbedder, answers, arena_bytes
from train.networks import EmbeddingNetwork
from train.networks.blocks import convolution, kernel_for
from train.networks.measures import mac_count

# The converters' own deprecations are theirs to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"),
        reason="tflite-micro has no wheels but for Linux x86-64",
    ),
]

WINDOWS = golden_windows(300)
SIZE = 32
M4, M7, M55 = CORES


def small_network() -> EmbeddingNetwork:
    """A MobileNet of two blocks whose batch norms have seen windows, since INT8 ranges overflow without."""
    torch.manual_seed(1)
    layers = [
        convolution(1, 8, kernel_for(300, 2), 2),
        convolution(8, 8, kernel_for(150, 2), 2, 8),
        convolution(8, 16, 1),
        convolution(16, 16, kernel_for(75, 1), 1, 16),
        convolution(16, 24, 1),
    ]
    network = EmbeddingNetwork(nn.Sequential(*layers), 24, SIZE)
    with torch.no_grad():
        for _ in range(30):
            network.train()(torch.from_numpy(WINDOWS)[:, None, None, :])
    return network.eval()


@pytest.fixture(scope="module")
def network() -> EmbeddingNetwork:
    return small_network()


@pytest.fixture(scope="module")
def model(network: EmbeddingNetwork) -> bytes:
    from export.to_tflite import float_tflite, int8_tflite

    return slimmed(int8_tflite(float_tflite(network, 300), WINDOWS))


@pytest.fixture(scope="module")
def micro_model(model: bytes) -> MicroModel:
    return MicroModel("tiny", 'tiny "net"\n*/', model, 300, 125.0, SIZE, output_quantisation(model), 12345)


def packed(unpacked: Any) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    return bytes(builder.Output())


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


# ---- C++


def compiled(folder: Path, micro_model: MicroModel, main_source: str) -> list[str]:
    if shutil.which("g++") is None:
        pytest.skip("no g++ to compile the C++ with")
    write_sources(folder, micro_model)
    (folder / "main.cc").write_text(main_source)
    program = folder / "program"
    subprocess.run(
        ["g++", "-std=c++11", "-Wall", "-Wextra", "-Werror", "-o", program, "main.cc", "tiny_model.cc"],
        cwd=folder,
        check=True,
    )
    done = subprocess.run([str(program)], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def write_sources(folder: Path, micro_model: MicroModel) -> None:
    (folder / "tiny_model.h").write_text(model_header(micro_model))
    (folder / "tiny_model.cc").write_text(model_source(micro_model))
    (folder / "tiny_golden.h").write_text(golden_header(micro_model, WINDOWS, answers(micro_model.content, WINDOWS)))
    (folder / "tiny.tflite").write_bytes(micro_model.content)


def test_the_array_is_the_file_aligned_and_the_constants_are_the_model_s(
    micro_model: MicroModel, tmp_path: Path
) -> None:
    said = compiled(
        tmp_path,
        micro_model,
        """
        #include <cstdint>
        #include <cstdio>
        #include <cstring>
        #include <vector>
        #include "tiny_model.h"
        int main() {
          std::vector<unsigned char> file(tiny_model_length + 1);
          std::FILE* in = std::fopen("tiny.tflite", "rb");
          std::size_t n = std::fread(file.data(), 1, file.size(), in);
          std::printf("%d\\n", n == tiny_model_length && std::memcmp(file.data(), tiny_model, n) == 0);
          std::printf("%d\\n", int(reinterpret_cast<std::uintptr_t>(tiny_model) % 16));
          std::printf("%s\\n%d %d %.9g\\n", tiny_model_id, tiny_window_samples, tiny_embedding_size, tiny_rate_hz);
          std::printf("%.9g %d %d\\n", tiny_output_scale, tiny_output_zero_point, int(tiny_arena_bytes));
        }
        """,
    )
    output = micro_model.output
    assert said[:4] == ["1", "0", "tiny ?net????", "300 32 125"]
    scale, zero_point, arena = said[4].split()
    assert np.float32(scale) == np.float32(output.scale)
    assert (int(zero_point), int(arena)) == (output.zero_point, 12345)


def test_golden_windows_and_embeddings_reach_the_board_bit_for_bit(micro_model: MicroModel, tmp_path: Path) -> None:
    said = compiled(
        tmp_path,
        micro_model,
        """
        #include <cstdio>
        #include "tiny_golden.h"
        int main() {
          for (int i = 0; i < tiny_golden_count; i++) {
            for (float value : tiny_golden_windows[i]) std::printf("%a ", value);
            std::printf("\\n");
            for (signed char value : tiny_golden_embeddings[i]) std::printf("%d ", value);
            std::printf("\\n");
          }
        }
        """,
    )
    assert len(said) == 2 * len(WINDOWS)
    windows = np.array([[float.fromhex(word) for word in line.split()] for line in said[::2]])
    np.testing.assert_array_equal(windows, WINDOWS)
    steps = np.array([[int(word) for word in line.split()] for line in said[1::2]])
    output, floats = micro_model.output, answers(micro_model.content, WINDOWS)
    np.testing.assert_allclose((steps - output.zero_point) * output.scale, floats, rtol=1e-6)


def test_the_sources_compile_for_a_board(micro_model: MicroModel, tmp_path: Path) -> None:
    compiler = shutil.which("arm-none-eabi-g++")
    if compiler is None:
        pytest.skip("no arm-none-eabi-g++ to compile for a board with")
    write_sources(tmp_path, micro_model)
    (tmp_path / "self_test.cc").write_text('#include "tiny_golden.h"\n')
    for source in ("tiny_model.cc", "self_test.cc"):
        subprocess.run(
            [compiler, "-mcpu=cortex-m4", "-mthumb", "-std=c++11", "-Wall", "-Werror", "-c", source],
            cwd=tmp_path,
            check=True,
        )


def test_floats_are_literals_that_are_floats(micro_model: MicroModel) -> None:
    header = golden_header(micro_model, np.array([[1.0, -2.0, 1e-9, 1e20, 0.1]], np.float32), np.zeros((1, SIZE)))
    assert "    1.0f, -2.0f, 9.99999972e-10f, 1.00000002e+20f, 0.100000001f\n" in header


# ---- cycles


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


# ---- the command


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, build.MicroReport]:
    target = tmp_path_factory.mktemp("micro") / "made"
    return target, build.build_micro(load_bundle(default_bundle_path()), target, 1 << 20)


def test_the_shipped_bundle_is_written_as_the_command_says(
    written: tuple[Path, build.MicroReport], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, report = written
    target = tmp_path / "new" / "folder"
    assert main(["micro", str(default_bundle_path()), "--out", str(target), "--arena-limit", "1000000"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert sorted(path.name for path in target.iterdir()) == [
        "pulsekey_golden.h",
        "pulsekey_model.cc",
        "pulsekey_model.h",
    ]
    for path in target.iterdir():
        assert path.read_bytes() == (made / path.name).read_bytes()
    assert report.agreement.reference == 0
    assert said[0].startswith(f"{target}: {report.model.model_id} as ")
    assert (
        said[1] == f"flash: {len(slimmed((default_bundle_path() / 'model.int8.tflite').read_bytes()))} bytes of model"
    )
    assert said[2] == f"arena: {report.model.arena_bytes} bytes with portable kernels"
    low = report.cycles["Cortex-M4"].low
    assert f"{low / 1e6:.1f}-" in said[5]
    assert f" {low / 64e6 * 1e3:.0f}-" in said[5]
    assert [line.split(":")[0].strip() for line in said[5:]] == ["Cortex-M4", "Cortex-M7", "Cortex-M55"]


def test_an_arena_over_the_limit_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["micro", str(default_bundle_path()), "--out", str(tmp_path / "x"), "--arena-limit", "2048"]) == 2
    said = capsys.readouterr().err
    assert "bytes, 2048 are allowed: give --arena-limit" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").mkdir()
    assert main(["micro", str(default_bundle_path()), "--out", str(tmp_path / "x")]) == 2
    assert "exists; remove it or give another --out" in capsys.readouterr().err
    assert list((tmp_path / "x").iterdir()) == []


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, text: str, **options: Any) -> int:
        if path.suffix == ".cc":
            raise OSError(28, "No space left on device")
        return write(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ExportError, match="No space left on device") as caught:
        build._write(tmp_path / "x", {"a.h": "1", "b.cc": "2"})
    assert caught.value.reason is ExportReason.UNWRITABLE
    assert list(tmp_path.iterdir()) == []


def test_without_the_interpreter_one_line_says_what_to_install(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(ExportError, match="pip install tflite-micro") as caught:
        answers(model, WINDOWS)
    assert caught.value.reason is ExportReason.RUNTIME


def test_steps_are_rounded_to_the_nearest() -> None:
    output = Quantisation(0.5, -10)
    np.testing.assert_array_equal(output_steps(np.array([0.0, 0.5, -1.0, 1.49999]), output), [-10, -9, -12, -7])
