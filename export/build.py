"""From a checkpoint to a bundle, whole or not at all."""

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bundle import load_bundle
from device.comparison import Comparator, pooled
from device.embedders import Embedder, load_embedder
from device.embedders.litert import LiteRtEmbedder
from device.embedders.onnx_runtime import OnnxRuntimeEmbedder
from device.evaluation import Settings, evaluate
from device.manifest import (
    COHORT_NAME,
    GOLDEN_NAME,
    MANIFEST_NAME,
    Architecture,
    Comparison,
    Golden,
    Manifest,
    TrainingData,
    file_entries,
)
from export.card import model_card
from export.errors import ExportError, ExportReason
from export.parity import Parity, compare
from export.threshold import HeldOut, decision_spec
from export.to_onnx import float_onnx, int8_onnx
from export.to_tflite import float_tflite, int8_tflite
from export.whiten import whitened
from train.checkpoint import Trained
from train.networks.measures import mac_count, parameter_count
from train.windows import PersonWindows

GOLDEN_WINDOWS = 8
MIN_CALIBRATION_WINDOWS = 100
CALIBRATION_WINDOWS = 600
COHORT_WINDOWS = 20
NEAREST = 50
"""Cohort members that a score is normalised by; chosen on the people held out, where 20 to 200 fare alike."""
GOLDEN_MIN_COSINE = 0.98
"""Below what two INT8 implementations of one model differ by, far above what a wrong one answers."""
CARD_NAME = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Everything a bundle is made of."""

    trained: Trained
    train: list[PersonWindows]
    """Good windows of the people who trained, for calibration and cohort."""
    dev: list[PersonWindows]
    """Good windows of the people held out, for the parity gate."""
    held_out: HeldOut
    """The same people's recordings, for the threshold."""
    training_data: tuple[TrainingData, ...]
    test_cohorts: tuple[Path, ...]
    command: str


def build_bundle(source: Source, target: Path) -> Manifest:
    """Convert, quantise, pass the gate, set the threshold, measure, and only then put the folder in place.

    Args:
        source: what it is made of.
        target: the bundle's folder, which must not exist.

    Raises:
        ExportError: the folder exists, the gate is not passed, or the disk is full.
    """
    if target.exists():
        raise ExportError(ExportReason.OUTPUT_EXISTS, f"{target} exists; remove it or give another --out")
    windows = sum(len(one.pulse) for one in source.train)
    if windows < MIN_CALIBRATION_WINDOWS:
        raise ExportError(
            ExportReason.CALIBRATION, f"{windows} windows to calibrate with, {MIN_CALIBRATION_WINDOWS} are needed"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
            staged = Path(folder) / target.name
            staged.mkdir()
            manifest = _stage(source, staged)
            os.replace(staged, target)
    except OSError as error:
        raise ExportError(ExportReason.UNWRITABLE, f"cannot write {target}: {error.strerror}") from error
    return manifest


def _stage(source: Source, folder: Path) -> Manifest:
    models = _models(source)
    spec = source.trained.front_end
    embedders = {name: _embedder(name, content, source.trained) for name, content in models.items()}
    answers = {name: [_embed(e, one.pulse) for one in source.dev] for name, e in embedders.items()}
    parities = [
        compare(f"model.int8.{kind}", answers[f"model.fp32.{kind}"], answers[f"model.int8.{kind}"])
        for kind in ("tflite", "onnx")
    ]
    for parity in parities:
        parity.require()
    for name, content in models.items():
        (folder / name).write_bytes(content)
    (folder / GOLDEN_NAME).write_bytes(_golden(source, embedders))
    cohort = _cohort(source.train, embedders["model.int8.tflite"])
    nearest = min(NEAREST, len(cohort))
    np.savez(folder / COHORT_NAME, references=cohort)
    manifest = Manifest(
        model_id=f"{source.trained.config.name}-{hashlib.sha256(models['model.int8.tflite']).hexdigest()[:8]}",
        architecture=_architecture(source.trained),
        front_end=spec.to_dict(),
        front_end_digest=spec.digest(),
        comparison=Comparison(nearest),
        decision=decision_spec(embedders["model.int8.tflite"], Comparator(cohort, nearest), spec, source.held_out),
        golden=Golden(GOLDEN_MIN_COSINE),
        files=file_entries(folder),
        training_data=source.training_data,
        error_rates=(),
    )
    return _finish(source, folder, manifest, parities, {name: len(content) for name, content in models.items()})


def _finish(
    source: Source, folder: Path, manifest: Manifest, parities: list[Parity], sizes: dict[str, int]
) -> Manifest:
    """Measure the bundle as the device would load it, then write card and manifest for good."""
    (folder / MANIFEST_NAME).write_text(manifest.to_json())
    bundle = load_bundle(folder)
    embedder = load_embedder(bundle)
    rates = tuple(evaluate(bundle, embedder, path, Settings()).to_json() for path in source.test_cohorts)
    manifest = replace(manifest, error_rates=rates)
    (folder / CARD_NAME).write_text(model_card(manifest, parities, sizes, source.command))
    manifest = replace(manifest, files=file_entries(folder))
    (folder / MANIFEST_NAME).write_text(manifest.to_json())
    bundle = load_bundle(folder)
    for runtime in ("litert", "onnxruntime"):
        for precision in ("int8", "fp32"):
            load_embedder(bundle, runtime, precision)
    return manifest


def _models(source: Source) -> dict[str, bytes]:
    network, samples = whitened(source.trained.network, source.train), source.trained.front_end.window_samples
    tflite, onnx = float_tflite(network, samples), float_onnx(network, samples)
    return {
        "model.fp32.tflite": tflite,
        "model.int8.tflite": int8_tflite(tflite, _calibration(source.train)),
        "model.fp32.onnx": onnx,
        "model.int8.onnx": int8_onnx(onnx, _calibration(source.train)),
    }


def _embedder(name: str, content: bytes, trained: Trained) -> Embedder:
    samples, size = trained.front_end.window_samples, trained.config.network.embedding_size
    if name.endswith(".tflite"):
        return LiteRtEmbedder(
            content, name=name, module="ai_edge_litert.interpreter", window_samples=samples, embedding_size=size
        )
    return OnnxRuntimeEmbedder(content, name=name, window_samples=samples, embedding_size=size)


def _embed(embedder: Embedder, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([embedder.embed(window) for window in pulse]).reshape(-1, embedder.embedding_size)


def _calibration(people: list[PersonWindows]) -> NDArray[np.float32]:
    pool = np.concatenate([one.pulse for one in people])
    return pool[:: max(1, len(pool) // CALIBRATION_WINDOWS)]


def _cohort(people: list[PersonWindows], embedder: Embedder) -> NDArray[np.float32]:
    """One reference (n, d) of each person who trained, of windows spread over their recording."""
    enough = [one.pulse for one in people if len(one.pulse) >= COHORT_WINDOWS]
    return np.stack([pooled(_embed(embedder, pulse[:: len(pulse) // COHORT_WINDOWS])) for pulse in enough])


def _golden(source: Source, embedders: dict[str, Embedder]) -> bytes:
    """Synthetic windows, so that nobody's pulse ships in a bundle."""
    windows = golden_windows(source.trained.front_end.window_samples)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        windows=windows,
        embeddings_fp32=_embed(embedders["model.fp32.tflite"], windows),
        embeddings_int8=_embed(embedders["model.int8.tflite"], windows),
    )
    return buffer.getvalue()


def golden_windows(samples: int) -> NDArray[np.float32]:
    """Pulse-like windows (k, samples) of known formula: a fundamental of 45 to 150 beats a minute, two harmonics."""
    seconds = np.arange(samples) / 125.0
    windows = []
    for number in range(GOLDEN_WINDOWS):
        phase = 2.0 * np.pi * (0.75 + 0.25 * number) * seconds + number
        pulse = np.cos(phase) + (0.3 + 0.03 * number) * np.cos(2 * phase - 1.0) + 0.15 * np.cos(3 * phase - 2.0)
        windows.append((pulse - pulse.mean()) / pulse.std())
    return np.array(windows, dtype=np.float32)


def _architecture(trained: Trained) -> Architecture:
    network = trained.config.network
    return Architecture(
        network.name,
        network.width,
        network.embedding_size,
        parameter_count(trained.network),
        mac_count(trained.network),
    )
