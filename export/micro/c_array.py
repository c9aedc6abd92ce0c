"""A model as C++ source: the flatbuffer, what firmware must know of it, and windows to prove itself with."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.flatbuffer import BUFFER_ALIGNMENT, Quantisation

BYTES_A_LINE = 16
NUMBERS_A_LINE = 10


@dataclass(frozen=True, slots=True, eq=False)
class MicroModel:
    """A model and what firmware must know of it."""

    name: str
    """Begins every C++ name and file name; a C++ identifier."""
    model_id: str
    content: bytes
    """The flatbuffer."""
    window_samples: int
    rate_hz: float
    """Rate of a window's samples."""
    embedding_size: int
    output: Quantisation
    """Of the INT8 tensor behind the float output."""
    arena_bytes: int


def model_header(model: MicroModel) -> str:
    """``NAME_model.h``: the array's declaration and the constants."""
    name, safe_id = model.name, re.sub(r"[^\w .+-]", "?", model.model_id, flags=re.ASCII)
    lines = [
        f"// {safe_id}; made by `pulsekey micro`, not to be edited.",
        f"// sha256 of the model: {hashlib.sha256(model.content).hexdigest()}",
        "//",
        "// Input: one window of float samples, band-passed and standardised (mean 0, standard deviation 1).",
        "// Output: an embedding of floats, not of unit length; an output is scale * (step - zero_point).",
        "// The arena is what TFLite Micro's portable kernels need; CMSIS-NN's add scratch memory to it.",
        f"#ifndef {name.upper()}_MODEL_H_",
        f"#define {name.upper()}_MODEL_H_",
        "",
        "#include <cstddef>",
        "",
        f'constexpr char {name}_model_id[] = "{safe_id}";',
        f"constexpr int {name}_window_samples = {model.window_samples};",
        f"constexpr float {name}_rate_hz = {_float(model.rate_hz)};",
        f"constexpr int {name}_embedding_size = {model.embedding_size};",
        f"constexpr float {name}_output_scale = {_float(model.output.scale)};",
        f"constexpr int {name}_output_zero_point = {model.output.zero_point};",
        f"constexpr std::size_t {name}_arena_bytes = {model.arena_bytes};",
        f"constexpr std::size_t {name}_model_length = {len(model.content)};",
        f"extern const unsigned char {name}_model[{name}_model_length];",
        "",
        f"#endif  // {name.upper()}_MODEL_H_",
    ]
    return "\n".join(lines) + "\n"


def model_source(model: MicroModel) -> str:
    """``NAME_model.cc``: the flatbuffer, aligned as TFLite's kernels want it."""
    rows = _rows([f"0x{byte:02x}" for byte in model.content], BYTES_A_LINE)
    return (
        f'#include "{model.name}_model.h"\n\n'
        f"alignas({BUFFER_ALIGNMENT}) const unsigned char {model.name}_model[{model.name}_model_length] = {{\n"
        f"{rows}\n}};\n"
    )


def golden_header(model: MicroModel, windows: NDArray[np.float32], answers: NDArray[np.float32]) -> str:
    """``NAME_golden.h``: windows and what TFLite Micro answers to them, for a self-test in firmware.

    Args:
        model: what answered.
        windows: (n, m) float32.
        answers: (n, d) float32, its float output.
    """
    name, steps = model.name, output_steps(answers, model.output)
    guard = f"{name.upper()}_GOLDEN_H_"
    return "\n".join(
        [
            "// For a self-test of firmware; include it in one source file only.",
            "// Each window must give its embedding, exactly: step = round(output / scale) + zero_point.",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            f'#include "{name}_model.h"',
            "",
            f"constexpr int {name}_golden_count = {len(windows)};",
            "",
            f"const float {name}_golden_windows[{name}_golden_count][{name}_window_samples] = {{",
            _table([_float(value) for value in row] for row in windows),
            "};",
            "",
            f"const signed char {name}_golden_embeddings[{name}_golden_count][{name}_embedding_size] = {{",
            _table([str(value) for value in row] for row in steps),
            "};",
            "",
            f"#endif  // {guard}\n",
        ]
    )


def output_steps(answers: NDArray[np.float32], output: Quantisation) -> NDArray[np.int8]:
    """Float outputs as the INT8 steps they were made of, any shape."""
    steps = np.rint(answers.astype(np.float64) / output.scale) + output.zero_point
    return steps.astype(np.int8)


def _float(value: float) -> str:
    """The literal that a C++ compiler reads back as the same float32."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if re.search(r"[.e]", text) else f"{text}.0f"


def _table(rows: Iterable[list[str]]) -> str:
    return ",\n".join(f"{{\n{_rows(row, NUMBERS_A_LINE)}\n}}" for row in rows)


def _rows(words: list[str], width: int) -> str:
    return ",\n".join("    " + ", ".join(words[i : i + width]) for i in range(0, len(words), width))
