"""Embeddings from a TFLite model, by LiteRT or its forerunner tflite-runtime."""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.embedders.native_stderr import quiet_stderr
from device.embedders.protocol import checked_pulse, first_line, unit_embedding
from device.errors import BundleError, BundleReason


class LiteRtEmbedder:
    """A TFLite model with float32 input and output, run on one thread."""

    def __init__(self, model: bytes, *, name: str, module: str, window_samples: int, embedding_size: int) -> None:
        """Load a model from its bytes.

        `name` is the model's file, for messages; `module` the importable runtime, as `load_embedder` found
        it.

        Raises:
            BundleError: BAD_MODEL, where the runtime refuses it or its shapes are not the manifest's.
        """
        runtime = importlib.import_module(module)
        self._window_samples = window_samples
        self._embedding_size = embedding_size
        self._runtime = module.partition(".")[0].replace("_", "-")
        try:
            self._interpreter = open_interpreter(runtime, model, threads=1)
        except (ValueError, RuntimeError) as error:
            raise BundleError(
                BundleReason.BAD_MODEL, f"{name}: {self._runtime} cannot run it: {first_line(error)}"
            ) from None
        self._input, self._output, self._shape = self._check_tensors(name)

    def _check_tensors(self, name: str) -> tuple[int, int, tuple[int, ...]]:
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise BundleError(BundleReason.BAD_MODEL, f"{name} must have one input and one output")
        shape = tuple(int(n) for n in inputs[0]["shape"])
        sizes = (int(np.prod(shape)), int(np.prod(outputs[0]["shape"])))
        floats = all(tensor[0]["dtype"] == np.float32 for tensor in (inputs, outputs))
        if sizes != (self._window_samples, self._embedding_size) or not floats:
            raise BundleError(
                BundleReason.BAD_MODEL,
                f"{name} maps {sizes[0]} to {sizes[1]} values; needed are {self._window_samples} to "
                f"{self._embedding_size}, in float32",
            )
        return inputs[0]["index"], outputs[0]["index"], shape

    @property
    def embedding_size(self) -> int:
        """The number of values of an embedding, d."""
        return self._embedding_size

    @property
    def runtime(self) -> str:
        """The inference runtime in use, by the name pip knows."""
        return self._runtime

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed one window: (300,) standardised -> (d,) float32 of unit length; see `Embedder.embed`."""
        return unit_embedding(self.answer(pulse), self._embedding_size)

    def answer(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's own output for one window: (300,) standardised -> (d,), not yet of unit length."""
        window = checked_pulse(pulse, self._window_samples)
        self._interpreter.set_tensor(self._input, window.reshape(self._shape))
        self._interpreter.invoke()
        output: NDArray[np.float32] = self._interpreter.get_tensor(self._output).reshape(-1)
        return output


def open_interpreter(runtime: Any, model: bytes, *, threads: int) -> Any:
    """An interpreter with its tensors allocated, on the XNNPACK delegate that LiteRT adds by itself.

    TFLite's own kernels have no vector code for x86 and take three times as long. `runtime` is the imported module; it
    raises ValueError or RuntimeError where it refuses the model.
    """
    with quiet_stderr():
        interpreter = runtime.Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
    return interpreter
