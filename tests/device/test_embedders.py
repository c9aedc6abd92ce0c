"""Embedders on real runtimes: a tiny ONNX model made here, and the bundle that ships."""

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device import embedders
from device.bundle import Bundle, default_bundle_path, load_bundle
from device.embedders import load_embedder
from device.errors import BundleError, BundleReason, SignalError, SignalReason

needs_onnxruntime = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="onnxruntime is not installed"
)


def refuses(reason: BundleReason, *words: str) -> "pytest.RaisesExc[BundleError]":
    def check(error: BundleError) -> bool:
        return error.reason is reason and "\n" not in str(error) and all(word in str(error) for word in words)

    return pytest.raises(BundleError, check=check)


@pytest.fixture
def rewrite(manifest_of: Callable[..., Any], sign: Callable[[Path], None]) -> Callable[[Path], Bundle]:
    """Makes a bundle whole again after its files were changed."""

    def rewrite(folder: Path) -> Bundle:
        (folder / "manifest.json").write_text(manifest_of(folder).to_json())
        sign(folder)
        return load_bundle(folder)

    return rewrite


@needs_onnxruntime
def test_onnx_embedding_is_the_models(bundle: Bundle, embedder: Any, pulse_of: Callable[..., Any]) -> None:
    loaded = load_embedder(bundle, "onnxruntime")
    pulse = pulse_of("ann", 2.4).astype(np.float32)
    embedding = loaded.embed(pulse)
    assert embedding.dtype == np.float32
    assert embedding.shape == (loaded.embedding_size,)
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(embedding, embedder.embed(pulse), atol=1e-5)


@needs_onnxruntime
def test_an_embedding_is_the_callers_own(bundle: Bundle, pulse_of: Callable[..., Any]) -> None:
    loaded = load_embedder(bundle, "onnxruntime")
    first = loaded.embed(pulse_of("ann", 2.4).astype(np.float32))
    kept = first.copy()
    loaded.embed(pulse_of("ben", 2.4).astype(np.float32))
    np.testing.assert_array_equal(first, kept)


BAD_WINDOWS = [
    (np.full(300, 0.5, dtype=np.float32), SignalReason.CONSTANT),
    (np.zeros(300, dtype=np.float32), SignalReason.CONSTANT),
    (np.where(np.arange(300) == 7, np.nan, np.arange(300)).astype(np.float32), SignalReason.NOT_FINITE),
    (np.where(np.arange(300) == 7, np.inf, np.arange(300)).astype(np.float32), SignalReason.NOT_FINITE),
    (np.arange(299, dtype=np.float32), SignalReason.SHAPE),
    (np.arange(300, dtype=np.float32).reshape(1, 300), SignalReason.SHAPE),
]


@needs_onnxruntime
@pytest.mark.parametrize(("pulse", "reason"), BAD_WINDOWS)
def test_no_embedding_of_no_pulse(bundle: Bundle, pulse: Any, reason: SignalReason) -> None:
    with pytest.raises(SignalError, check=lambda error: error.reason is reason):
        load_embedder(bundle, "onnxruntime").embed(pulse)


@needs_onnxruntime
def test_a_model_that_answers_otherwise_is_refused(bundle_copy: Path, rewrite: Callable[[Path], Bundle]) -> None:
    with np.load(bundle_copy / "golden.npz") as arrays:
        values = dict(arrays)
    values["embeddings_int8"] = np.roll(values["embeddings_int8"], 1, axis=1)
    buffer = io.BytesIO()
    np.savez(buffer, **values)
    (bundle_copy / "golden.npz").write_bytes(buffer.getvalue())
    bundle = rewrite(bundle_copy)
    with refuses(BundleReason.GOLDEN, "model.int8.onnx", "bound 0.99", "window"):
        load_embedder(bundle, "onnxruntime")
    load_embedder(bundle, "onnxruntime", "fp32")  # whose own golden vectors are untouched


@needs_onnxruntime
def test_a_model_that_answers_nothing_but_zeros_is_refused(
    bundle_copy: Path, rewrite: Callable[[Path], Bundle]
) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(bundle_copy / "model.int8.onnx")
    for tensor in model.graph.initializer:
        if tensor.name in ("cos", "sin"):
            tensor.CopyFrom(onnx.numpy_helper.from_array(0 * onnx.numpy_helper.to_array(tensor), tensor.name))
    (nothing,) = [node for node in model.graph.node if node.op_type == "Div"]
    nothing.op_type = "Mul"  # magnitude times length: zero, not 0 / 0
    (bundle_copy / "model.int8.onnx").write_bytes(model.SerializeToString())
    with refuses(BundleReason.GOLDEN, "model.int8.onnx", "zero", "bound 0.99", "window 0"):
        load_embedder(rewrite(bundle_copy), "onnxruntime")


@needs_onnxruntime
def test_a_model_of_an_opset_that_the_runtime_does_not_know(
    bundle_copy: Path, rewrite: Callable[[Path], Bundle]
) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(bundle_copy / "model.int8.onnx")
    model.opset_import[0].version = 999
    (bundle_copy / "model.int8.onnx").write_bytes(model.SerializeToString())
    with refuses(BundleReason.BAD_MODEL, "model.int8.onnx", "onnxruntime cannot run it", "pset"):
        load_embedder(rewrite(bundle_copy), "onnxruntime")


@needs_onnxruntime
@pytest.mark.parametrize("content", [b"no archive", b""])
def test_golden_vectors_that_cannot_be_read(
    bundle_copy: Path, rewrite: Callable[[Path], Bundle], content: bytes
) -> None:
    (bundle_copy / "golden.npz").write_bytes(content)
    with refuses(BundleReason.GOLDEN, "golden.npz"):
        load_embedder(rewrite(bundle_copy), "onnxruntime")


@needs_onnxruntime
def test_golden_vectors_of_another_shape(bundle_copy: Path, rewrite: Callable[[Path], Bundle]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, windows=np.empty((0, 300)), embeddings_int8=np.empty((0, 24)))
    (bundle_copy / "golden.npz").write_bytes(buffer.getvalue())
    with refuses(BundleReason.GOLDEN, "do not fit"):
        load_embedder(rewrite(bundle_copy), "onnxruntime")


@needs_onnxruntime
def test_a_file_that_is_no_model(bundle_copy: Path, rewrite: Callable[[Path], Bundle]) -> None:
    (bundle_copy / "model.int8.onnx").write_bytes(b"whatever this is")
    with refuses(BundleReason.BAD_MODEL, "model.int8.onnx"):
        load_embedder(rewrite(bundle_copy), "onnxruntime")


@pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is None, reason="ai-edge-litert is not installed")
def test_a_file_that_is_no_tflite_model(bundle_copy: Path, rewrite: Callable[[Path], Bundle]) -> None:
    (bundle_copy / "model.int8.tflite").write_bytes(b"whatever this is")
    with refuses(BundleReason.BAD_MODEL, "model.int8.tflite"):
        load_embedder(rewrite(bundle_copy), "litert")


def test_no_runtime_says_what_to_install(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "_installed", lambda candidate: None)
    with refuses(BundleReason.NO_RUNTIME, "pip install ai-edge-litert", "onnxruntime"):
        load_embedder(bundle)
    with refuses(BundleReason.NO_RUNTIME, "pip install onnxruntime"):
        load_embedder(bundle, "onnxruntime")


@needs_onnxruntime
def test_auto_passes_over_a_runtime_that_is_not_installed(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embedders.MODULES, "litert", ("surely_not_installed.interpreter",))
    assert load_embedder(bundle).runtime == "onnxruntime"


def test_auto_stops_at_a_runtime_that_is_broken(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_runtime.py").write_text("raise ImportError('libfoo.so: wrong ELF class')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(embedders.MODULES, "litert", ("broken_runtime",))
    with refuses(BundleReason.NO_RUNTIME, "broken_runtime", "libfoo.so"):
        load_embedder(bundle)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    try:
        default_bundle_path()
    except BundleError as error:
        pytest.skip(str(error))
    return load_bundle()


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
def test_shipped_model_runs_on_every_runtime(shipped: Bundle, runtime: Any, precision: Any) -> None:
    if embedders._installed(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    loaded = load_embedder(shipped, runtime, precision)
    pulse = np.sin(np.arange(300) * 2 * np.pi * 1.2 / 125).astype(np.float32)
    embedding = loaded.embed(pulse)
    assert embedding.shape == (shipped.manifest.architecture.embedding_size,)
    np.testing.assert_array_equal(embedding, loaded.embed(pulse))
    with pytest.raises(SignalError):
        loaded.embed(np.full(300, np.nan, dtype=np.float32))
