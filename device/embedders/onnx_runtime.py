"""Embeddings from an ONNX model, by ONNX Runtime."""

import numpy as np
from numpy.typing import NDArray

from device.embedders.protocol import checked_pulse, first_line, unit_embedding
from device.errors import BundleError, BundleReason

_WARNINGS_OFF = 3  # ONNX Runtime's severity "error": its warnings about graph details help no wearer.


class OnnxRuntimeEmbedder:
    """An ONNX model with input `window` and output `embedding`, run on one thread."""

    def __init__(self, model: bytes, *, name: str, window_samples: int, embedding_size: int) -> None:
        """Load a model from its bytes; `name` is the model's file, for messages.

        Raises:
            BundleError: BAD_MODEL, where the runtime refuses it or its tensors are not the contract's.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _WARNINGS_OFF
        self._window_samples = window_samples
        self._embedding_size = embedding_size
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exception types are private, and made at run time
            raise BundleError(
                BundleReason.BAD_MODEL, f"{name}: onnxruntime cannot run it: {first_line(error)}"
            ) from None
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [tensor.name for tensor in inputs] != ["window"] or "embedding" not in {o.name for o in outputs}:
            raise BundleError(BundleReason.BAD_MODEL, f"{name} must map the input 'window' to 'embedding'")

    @property
    def embedding_size(self) -> int:
        """The number of values of an embedding, d."""
        return self._embedding_size

    @property
    def runtime(self) -> str:
        """The inference runtime in use, by the name pip knows."""
        return "onnxruntime"

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed one window: (300,) standardised -> (d,) float32 of unit length; see `Embedder.embed`."""
        return unit_embedding(self.answer(pulse), self._embedding_size)

    def answer(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's own output for one window: (300,) standardised -> (d,), not yet of unit length."""
        window = checked_pulse(pulse, self._window_samples).reshape(1, 1, 1, -1)
        (output,) = self._session.run(["embedding"], {"window": window})
        return np.asarray(output, dtype=np.float32).reshape(-1)
