"""The C++ that is written: the model and the golden windows reach a compiler, and a board, bit for bit."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from export.flatbuffer import Quantisation
from export.micro.c_array import MicroModel, golden_header, model_header, model_source, output_steps
from export.micro.interpreter import answers
from tests.export.micro.small_model import MARKS, SIZE, WINDOWS

pytestmark = MARKS


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


def test_steps_are_rounded_to_the_nearest() -> None:
    output = Quantisation(0.5, -10)
    np.testing.assert_array_equal(output_steps(np.array([0.0, 0.5, -1.0, 1.49999]), output), [-10, -9, -12, -7])
