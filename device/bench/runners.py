"""Models ready to be timed, on as many threads as asked for: the runtimes' own calls and nothing around them.

`device.embedders` runs the same calls on one thread, and adds the checks of a window and the unit length; these take
some microseconds, which the whole path includes.
"""

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from device.embedders.litert import open_interpreter
from device.embedders.protocol import first_line
from device.errors import BundleError, BundleReason

Window = NDArray[np.float32]
Answer = NDArray[np.float32]

_ERRORS_ONLY = 3  # ONNX Runtime's severity: what it warns of is the graph's making, not its running.


class Runner(Protocol):
    """A loaded model."""

    def run(self, window: Window) -> Answer:
        """Set the input (300,), compute, get the output: what the bench times."""
        ...


class LiteRtRunner:
    """A TFLite model on LiteRT with its default delegates, or on tflite-runtime."""

    def __init__(self, model: bytes, *, label: str, module: str, threads: int) -> None:
        """`module`: the importable runtime.

        Raises:
            BundleError: BAD_MODEL, where the runtime refuses it.
        """
        runtime = importlib.import_module(module)
        try:
            self._interpreter: Any = open_interpreter(runtime, model, threads=threads)
            (source,) = self._interpreter.get_input_details()
            (target,) = self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise _refused(label, error) from None
        self._input, self._output = source["index"], target["index"]
        self._shape = tuple(int(n) for n in source["shape"])

    def run(self, window: Window) -> Answer:
        """See `Runner.run`."""
        self._interpreter.set_tensor(self._input, window.reshape(self._shape))
        self._interpreter.invoke()
        answer: Answer = self._interpreter.get_tensor(self._output)
        return answer


class OnnxRuntimeRunner:
    """An ONNX model on ONNX Runtime."""

    def __init__(self, model: bytes, *, label: str, module: str, threads: int) -> None:
        """As `LiteRtRunner`."""
        runtime = importlib.import_module(module)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # Its threads would go on spinning for a while after a run, on cores that the next row is timed on.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            self._session: Any = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exception types are private, and made at run time
            raise _refused(label, error) from None

    def run(self, window: Window) -> Answer:
        """See `Runner.run`."""
        (answer,) = self._session.run(["embedding"], {"window": window.reshape(1, 1, 1, -1)})
        result: Answer = answer
        return result


FILE_RUNNERS: dict[str, Callable[..., Runner]] = {"litert": LiteRtRunner, "onnxruntime": OnnxRuntimeRunner}


def _refused(label: str, error: Exception) -> BundleError:
    return BundleError(BundleReason.BAD_MODEL, f"{label}: the runtime cannot load it: {first_line(error)}")
