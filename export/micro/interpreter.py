"""An INT8 model in TFLite Micro's own interpreter: its answers and the memory it takes."""

import subprocess
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.embedders.native_stderr import caught_stderr
from device.embedders.protocol import checked_pulse, unit_embedding
from export.errors import ExportError, ExportReason
from export.flatbuffer import is_self_contained

ROOMY_ARENA = 16 * 1024 * 1024
"""Bytes; a model that does not start in it fails for another reason than memory."""
ARENA_STEP = 16
"""Bytes; arenas are aligned to it."""
_PROBE = """
import sys
from tflite_micro.python.tflite_micro import runtime
runtime.Interpreter.from_bytes(sys.stdin.buffer.read(), arena_size=int(sys.argv[1]))
"""


class MicroEmbedder:
    """An INT8 model with float input and output, as the device's embedders are, run by TFLite Micro.

    Its kernels here are the portable ones. CMSIS-NN's, which a board uses, are made to give the same bits.
    """

    def __init__(self, model: bytes, arena: int = ROOMY_ARENA) -> None:
        """
        Args:
            model: the flatbuffer, self-contained.
            arena: bytes of working memory.

        Raises:
            ExportError: OPERATORS, where TFLite Micro cannot run the model; RUNTIME, where it is not installed.
        """
        self._interpreter = _start(model, arena)
        self._shape = tuple(int(n) for n in self._interpreter.get_input_details(0)["shape"])
        self._embedding_size = int(np.prod(self._interpreter.get_output_details(0)["shape"]))

    @property
    def embedding_size(self) -> int:
        """The number of values of an embedding, d."""
        return self._embedding_size

    @property
    def runtime(self) -> str:
        """The runtime, by the name pip knows."""
        return "tflite-micro"

    def answer(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model itself answers: (m,) float32 -> (d,) float32, not of unit length."""
        self._interpreter.set_input(np.ascontiguousarray(window, np.float32).reshape(self._shape), 0)
        self._interpreter.invoke()
        return np.array(self._interpreter.get_output(0), dtype=np.float32).reshape(-1)

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed one window: (m,) standardised -> (d,) float32 of unit length; see ``device.embedders``.

        Raises:
            SignalError: a signal that carries no pulse has no embedding.
        """
        window = checked_pulse(pulse, int(np.prod(self._shape)))
        return unit_embedding(self.answer(window), self._embedding_size)


def answers(model: bytes, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """What TFLite Micro answers to windows.

    Args:
        model: the flatbuffer.
        windows: (n, m) float32.

    Returns:
        (n, d) float32, not of unit length.

    Raises:
        ExportError: OPERATORS, where TFLite Micro cannot run the model; RUNTIME, where it is not installed.
    """
    embedder = MicroEmbedder(model)
    return np.stack([embedder.answer(window) for window in windows])


def arena_bytes(model: bytes) -> int:
    """The least arena, a multiple of 16 bytes, in which TFLite Micro starts a model; found by bisection.

    It is more than what the runtime says it used: planning many tensors takes memory for a moment. It is that of this
    computer's 64-bit build with portable kernels. On a 32-bit board pointers, and with them some 90 bytes an operator,
    are smaller; CMSIS-NN's kernels add scratch memory for the largest convolution.

    Raises:
        ExportError: OPERATORS, where TFLite Micro cannot run the model; RUNTIME, where it is not installed.
    """
    _start(model, ROOMY_ARENA)
    too_small, enough = 0, 1024 // ARENA_STEP
    while not _starts(model, enough * ARENA_STEP):
        too_small, enough = enough, 2 * enough
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        if _starts(model, middle * ARENA_STEP):
            enough = middle
        else:
            too_small = middle
    return enough * ARENA_STEP


def _start(model: bytes, arena: int) -> Any:
    if not is_self_contained(model):
        raise ExportError(
            ExportReason.OPERATORS,
            "the model keeps weights outside its tables, where TFLite Micro does not look: export the bundle again",
        )
    runtime = _runtime()
    said: list[str] = []
    try:
        with caught_stderr() as said:
            return runtime.Interpreter.from_bytes(model, arena_size=arena)
    except RuntimeError as error:
        # It goes on after its first complaint; that one is the cause.
        cause = said[0] if said else str(error)
        raise ExportError(
            ExportReason.OPERATORS, f"TFLite Micro cannot run the model: {cause}: choose another network"
        ) from None


def _starts(model: bytes, arena: int) -> bool:
    """Whether an arena is enough, for a model that is known to start in a roomy one.

    Asked of a process of its own, since TFLite Micro does not survive every arena that is too small.
    """
    probe = subprocess.run([sys.executable, "-c", _PROBE, str(arena)], input=model, capture_output=True, check=False)
    return probe.returncode == 0


def _runtime() -> Any:
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ModuleNotFoundError:
        raise ExportError(
            ExportReason.RUNTIME,
            "TFLite Micro's interpreter is not installed: pip install tflite-micro, on Linux and x86-64",
        ) from None
    return runtime
