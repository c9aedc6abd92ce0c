"""What is promised of every model that ships, asked of the files themselves."""

import io

import numpy as np
import pytest

from device.bundle import Bundle, default_bundle_path, load_bundle, shipped_bundles
from device.embedders import load_embedder
from device.embedders.litert import LiteRtEmbedder
from device.embedders.onnx_runtime import OnnxRuntimeEmbedder
from export.flatbuffer import check_int8, is_self_contained, output_quantisation
from export.micro.interpreter import arena_bytes
from export.models import operator_counts
from export.parity import MAX_STEPS

SMALL_BYTES = 100_000
SMALL_ARENA_BYTES = 32_000


@pytest.fixture(params=[folder.name for folder in shipped_bundles()])
def bundle(request: pytest.FixtureRequest) -> Bundle:
    return load_bundle(request.param)


def test_the_default_is_small_enough_for_a_microcontroller() -> None:
    model = load_bundle(default_bundle_path()).read("model.int8.tflite")
    assert len(model) <= SMALL_BYTES
    assert is_self_contained(model)
    pytest.importorskip("tflite_micro", reason="tflite-micro has wheels for x86-64 alone")
    assert arena_bytes(model) <= SMALL_ARENA_BYTES


def test_int8_is_integers_throughout_and_small(bundle: Bundle) -> None:
    int8, fp32 = bundle.read("model.int8.tflite"), bundle.read("model.fp32.tflite")
    check_int8(int8, transpose_allowed=False)
    assert len(int8) <= 0.36 * len(fp32)


def test_the_manifest_counts_the_operators_that_are_there(bundle: Bundle) -> None:
    models = [name for name in bundle.manifest.files if name.startswith("model.")]
    assert sorted(models) == sorted(bundle.manifest.operators)
    for name in models:
        assert bundle.manifest.operators[name] == operator_counts(name, bundle.read(name))


@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_both_runtimes_answer_the_golden_vectors(bundle: Bundle, runtime: str, precision: str) -> None:
    assert load_embedder(bundle, runtime, precision).embedding_size == bundle.manifest.architecture.embedding_size  # type: ignore[arg-type]


def test_both_formats_are_one_model(bundle: Bundle) -> None:
    with np.load(io.BytesIO(bundle.read("golden.npz")), allow_pickle=False) as arrays:
        windows = arrays["windows"]
    sizes = {"window_samples": windows.shape[1], "embedding_size": bundle.manifest.architecture.embedding_size}
    model = bundle.read("model.int8.tflite")
    tflite = LiteRtEmbedder(model, name="tflite", module="ai_edge_litert.interpreter", **sizes)
    graph = OnnxRuntimeEmbedder(bundle.read("model.int8.onnx"), name="onnx", **sizes)
    scale = output_quantisation(model).scale
    for window in windows:
        apart = np.abs(tflite.answer(window) - graph.answer(window)).max() / scale
        assert round(float(apart)) <= MAX_STEPS
