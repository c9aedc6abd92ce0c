"""From a bundle to the files that a microcontroller's firmware is built with, whole or not at all."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from device.bundle import Bundle
from device.embedders.golden import check_golden, golden_arrays
from export.errors import ExportError, ExportReason
from export.flatbuffer import output_quantisation, slimmed
from export.micro.agreement import Agreement, agreement
from export.micro.c_array import MicroModel, golden_header, model_header, model_source
from export.micro.cycles import CORES, Span, cycles, work_of
from export.micro.interpreter import MicroEmbedder, answers, arena_bytes

MODEL_FILE = "model.int8.tflite"
NAME = "pulsekey"
"""Begins the files' and the constants' names; one for every bundle, so that a new model changes no firmware source."""


@dataclass(frozen=True, slots=True)
class MicroReport:
    """What was written, and what it will take on a board."""

    model: MicroModel
    agreement: Agreement
    cycles: dict[str, Span]
    """One window's, by core; an estimate."""


def build_micro(bundle: Bundle, target: Path, arena_limit: int) -> MicroReport:
    """Prove a bundle's INT8 model in TFLite Micro and write it as C++.

    Args:
        bundle: whose ``model.int8.tflite`` is taken.
        target: the folder to write, which must not exist.
        arena_limit: bytes of working memory that the model may take.

    Raises:
        ExportError: OUTPUT_EXISTS, OPERATORS, ARENA, RUNTIME or UNWRITABLE; nothing was written.
        BundleError: GOLDEN, where TFLite Micro answers otherwise than the bundle's model should.
    """
    if target.exists():
        raise ExportError(ExportReason.OUTPUT_EXISTS, f"{target} exists; remove it or give another --out")
    # A no-op for bundles exported slim; older ones keep weights where TFLite Micro does not look.
    content = slimmed(bundle.read(MODEL_FILE))
    check_golden(bundle, MicroEmbedder(content), precision="int8", model_name=MODEL_FILE)
    model = MicroModel(
        name=NAME,
        model_id=bundle.manifest.model_id,
        content=content,
        window_samples=bundle.front_end.window_samples,
        rate_hz=bundle.front_end.rate_hz,
        embedding_size=bundle.manifest.architecture.embedding_size,
        output=output_quantisation(content),
        arena_bytes=arena_bytes(content),
    )
    if model.arena_bytes > arena_limit:
        raise ExportError(
            ExportReason.ARENA,
            f"{model.model_id} needs an arena of {model.arena_bytes} bytes, {arena_limit} are allowed: give "
            f"--arena-limit {model.arena_bytes} or a smaller model",
        )
    windows, _ = golden_arrays(bundle, "int8")
    files = {
        f"{NAME}_model.h": model_header(model),
        f"{NAME}_model.cc": model_source(model),
        f"{NAME}_golden.h": golden_header(model, windows, answers(content, windows)),
    }
    works = work_of(content)
    report = MicroReport(model, agreement(content, windows), {core.name: cycles(works, core) for core in CORES})
    _write(target, files)
    return report


def _write(target: Path, files: dict[str, str]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".micro-") as folder:
            staged = Path(folder) / target.name
            staged.mkdir()
            for name, text in files.items():
                (staged / name).write_text(text, encoding="ascii")
            os.replace(staged, target)
    except OSError as error:
        raise ExportError(ExportReason.UNWRITABLE, f"cannot write {target}: {error.strerror}") from error
