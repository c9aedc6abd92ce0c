"""Embedders: the network behind one protocol, whatever runtime is installed."""

import importlib
import importlib.util
import logging
from typing import Literal

from device.bundle import Bundle
from device.embedders.golden import check_golden
from device.embedders.protocol import Embedder, first_line
from device.errors import BundleError, BundleReason

__all__ = ["MODULES", "PRECISIONS", "RUNTIMES", "Embedder", "load_embedder"]

Runtime = Literal["auto", "litert", "onnxruntime"]
Precision = Literal["int8", "fp32"]
RUNTIMES: tuple[Runtime, ...] = ("auto", "litert", "onnxruntime")
PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")

MODULES = {
    "litert": ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"),
    "onnxruntime": ("onnxruntime",),
}
"""What is imported for each runtime: the first that is installed."""
_PIP = {"litert": "ai-edge-litert (or tflite-runtime)", "onnxruntime": "onnxruntime"}

_log = logging.getLogger(__name__)


def load_embedder(bundle: Bundle, runtime: Runtime = "auto", precision: Precision = "int8") -> Embedder:
    """Load the bundle's model and prove it on the golden vectors.

    `auto` takes LiteRT, else ONNX Runtime; it passes over a runtime only where it is not installed.

    Raises:
        BundleError: NO_RUNTIME (naming what to install), BAD_MODEL, GOLDEN, MISSING_FILE or DAMAGED.
    """
    wanted = ("litert", "onnxruntime") if runtime == "auto" else (runtime,)
    for candidate in wanted:
        module = _installed(candidate)
        if module is None:
            _log.info("%s is not installed", _PIP[candidate])
            continue
        embedder, model_name = _open(bundle, candidate, module, precision)
        worst = check_golden(bundle, embedder, precision=precision, model_name=model_name)
        _log.info("%s on %s, golden vectors within cosine %.4f", model_name, embedder.runtime, worst)
        return embedder
    missing = " or ".join(_PIP[candidate] for candidate in wanted)
    raise BundleError(BundleReason.NO_RUNTIME, f"no inference runtime is installed: pip install {missing}")


def _installed(candidate: str) -> str | None:
    """The first module of a runtime that is installed; a broken one is an error, not a reason to go on."""
    for module in MODULES[candidate]:
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            continue
        try:
            importlib.import_module(module)
        except Exception as error:
            raise BundleError(
                BundleReason.NO_RUNTIME,
                f"{module} is installed but cannot be loaded: {first_line(error)}: reinstall it",
            ) from None
        return module
    return None


def _open(bundle: Bundle, candidate: str, module: str, precision: Precision) -> tuple[Embedder, str]:
    name = f"model.{precision}.{'tflite' if candidate == 'litert' else 'onnx'}"
    model = bundle.read(name)
    window_samples = bundle.front_end.window_samples
    embedding_size = bundle.manifest.architecture.embedding_size
    if candidate == "litert":
        from device.embedders.litert import LiteRtEmbedder

        return (
            LiteRtEmbedder(
                model, name=name, module=module, window_samples=window_samples, embedding_size=embedding_size
            ),
            name,
        )
    from device.embedders.onnx_runtime import OnnxRuntimeEmbedder

    return OnnxRuntimeEmbedder(model, name=name, window_samples=window_samples, embedding_size=embedding_size), name
