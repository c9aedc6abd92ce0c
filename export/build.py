"""From a checkpoint to a bundle, whole or not at all."""

import hashlib
import io
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bundle import load_bundle
from device.comparison import pooled
from device.embedders import Embedder, load_embedder
from device.embedders.litert import LiteRtEmbedder
from device.embedders.onnx_runtime import OnnxRuntimeEmbedder
from device.evaluation import Settings, evaluate
from device.manifest import (
    COHORT_NAME,
    GOLDEN_NAME,
    MANIFEST_NAME,
    Architecture,
    Golden,
    Manifest,
    TrainingData,
    file_entries,
)
from export.card import model_card
from export.errors import ExportError, ExportReason
from export.flatbuffer import operators, output_quantisation
from export.models import make_models, operator_counts
from export.operating import HeldOut, operating
from export.parity import ParityReport, compare, require_same_steps
from export.signing import SigningKey
from train.checkpoint import Trained
from train.fine_tune import FineTuning
from train.networks.measures import mac_count, parameter_count
from train.windows import PersonWindows

GOLDEN_WINDOWS = 8
COHORT_WINDOWS = 20
NEAREST = 50
"""Cohort members that a score is normalised by; chosen on the people held out, where 20 to 200 fare alike."""
OVERLAP = 2
"""Windows that each sample is in on the device: more evidence from the same seconds, for twice the network's time."""
GOLDEN_MIN_COSINE = 0.98
"""Below what two INT8 implementations of one model differ by, far above what a wrong one answers."""
CARD_NAME = "MODEL_CARD.md"

ModelEmbedder = LiteRtEmbedder | OnnxRuntimeEmbedder


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Everything a bundle is made of."""

    trained: Trained
    train: list[PersonWindows]
    """Good windows of the people who trained, for fine-tuning, calibration and cohort."""
    others: list[PersonWindows]
    """The same of people with another kind of sensor, for whitening, calibration and cohort."""
    known: tuple[str, ...]
    """Fingerprints of the recordings of everybody whom the bundle knows; `pulsekey evaluate` leaves them out."""
    dev: list[PersonWindows]
    """Good windows of the people held out, for the parity gate."""
    held_out: HeldOut
    """The same people's recordings, for the threshold."""
    training_data: tuple[TrainingData, ...]
    test_cohorts: tuple[Path, ...]
    signing: SigningKey
    """Signs the bundle; this machine trusts it (`export.signing.signing_key`)."""
    command: str
    fine_tune_epochs: int = 0
    """Epochs of fine-tuning on INT8's grid, 0 for none."""


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
    models = make_models(source.trained.network, source.train, _tuning(source), source.others)
    spec = replace(source.trained.front_end, hop_samples=source.trained.front_end.window_samples // OVERLAP)
    embedders = {name: _embedder(name, content, source.trained) for name, content in models.items()}
    parity = _gate(models, embedders, source.dev)
    for name, content in models.items():
        (folder / name).write_bytes(content)
    (folder / GOLDEN_NAME).write_bytes(_golden(source, embedders))
    cohort = _cohort([*source.train, *source.others], embedders["model.int8.tflite"])
    np.savez(folder / COHORT_NAME, references=cohort, known=np.array(sorted(source.known), dtype="U16"))
    decides = operating(embedders["model.int8.tflite"], cohort, min(NEAREST, len(cohort)), spec, source.held_out)
    manifest = Manifest(
        model_id=f"{source.trained.config.name}-{hashlib.sha256(models['model.int8.tflite']).hexdigest()[:8]}",
        architecture=_architecture(source.trained),
        front_end=spec.to_dict(),
        front_end_digest=spec.digest(),
        comparison=decides.comparison,
        decision=decides.decision,
        golden=Golden(GOLDEN_MIN_COSINE),
        files=file_entries(folder),
        training_data=source.training_data,
        operators={name: operator_counts(name, content) for name, content in models.items()},
        error_rates=(),
    )
    return _finish(source, folder, manifest, parity, {name: len(content) for name, content in models.items()})


def _tuning(source: Source) -> FineTuning | None:
    config, epochs = source.trained.config, source.fine_tune_epochs
    return FineTuning(epochs, config.seed, config.threads, source.dev) if epochs else None


def _gate(models: dict[str, bytes], embedders: dict[str, ModelEmbedder], people: list[PersonWindows]) -> ParityReport:
    """INT8 against float in each format, and the INT8 models against each other, on people held out."""
    outputs = {name: [_answers(one, person.pulse) for person in people] for name, one in embedders.items()}
    parities = []
    for kind in ("tflite", "onnx"):
        fp32, int8 = ([_unit(rows) for rows in outputs[f"model.{p}.{kind}"]] for p in ("fp32", "int8"))
        parities.append(compare(f"model.int8.{kind}", fp32, int8))
        parities[-1].require()
    steps = require_same_steps(
        np.concatenate(outputs["model.int8.tflite"]),
        np.concatenate(outputs["model.int8.onnx"]),
        output_quantisation(models["model.int8.tflite"]).scale,
        has_sums="ADD" in operators(models["model.int8.tflite"]),
    )
    return ParityReport(tuple(parities), steps)


def _finish(source: Source, folder: Path, manifest: Manifest, parity: ParityReport, sizes: dict[str, int]) -> Manifest:
    """Measure the bundle as the device would load it, then write card and manifest for good."""
    (folder / MANIFEST_NAME).write_text(manifest.to_json())
    source.signing.sign_bundle(folder)
    bundle = load_bundle(folder)
    embedder = load_embedder(bundle)
    rates = tuple(evaluate(bundle, embedder, path, Settings()).to_json() for path in source.test_cohorts)
    manifest = replace(manifest, error_rates=rates)
    (folder / CARD_NAME).write_text(model_card(manifest, parity, sizes, source.command))
    manifest = replace(manifest, files=file_entries(folder))
    (folder / MANIFEST_NAME).write_text(manifest.to_json())
    source.signing.sign_bundle(folder)
    bundle = load_bundle(folder)
    for runtime in ("litert", "onnxruntime"):
        for precision in ("int8", "fp32"):
            load_embedder(bundle, runtime, precision)
    return manifest


def _embedder(name: str, content: bytes, trained: Trained) -> ModelEmbedder:
    samples, size = trained.front_end.window_samples, trained.config.network.embedding_size
    if name.endswith(".tflite"):
        return LiteRtEmbedder(
            content, name=name, module="ai_edge_litert.interpreter", window_samples=samples, embedding_size=size
        )
    return OnnxRuntimeEmbedder(content, name=name, window_samples=samples, embedding_size=size)


def _embed(embedder: Embedder, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([embedder.embed(window) for window in pulse]).reshape(-1, embedder.embedding_size)


def _answers(embedder: ModelEmbedder, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([embedder.answer(window) for window in pulse]).reshape(-1, embedder.embedding_size)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _cohort(people: list[PersonWindows], embedder: Embedder) -> NDArray[np.float32]:
    """One reference (n, d) of each person, of windows spread over their recording."""
    enough = [one.pulse for one in people if len(one.pulse) >= COHORT_WINDOWS]
    return np.stack([pooled(_embed(embedder, pulse[:: len(pulse) // COHORT_WINDOWS])) for pulse in enough])


def _golden(source: Source, embedders: Mapping[str, Embedder]) -> bytes:
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
