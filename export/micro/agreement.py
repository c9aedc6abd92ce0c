"""How far TFLite Micro's answers are from LiteRT's, in steps of the INT8 output."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.embedders.native_stderr import caught_stderr
from export.flatbuffer import output_quantisation
from export.micro.interpreter import answers


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest difference of one output value over all windows, in steps (LSB), to each of LiteRT's kernels."""

    windows: int
    reference: int
    """To the portable kernels, which define what an operator answers."""
    builtin: int
    """To LiteRT's own optimised kernels."""
    xnnpack: int
    """To the XNNPACK delegate, LiteRT's default, which the device runs."""


def agreement(model: bytes, windows: NDArray[np.float32]) -> Agreement:
    """Run windows in TFLite Micro and in LiteRT.

    Args:
        model: an INT8 flatbuffer with float input and output.
        windows: (n, m) float32.

    Raises:
        ExportError: OPERATORS or RUNTIME, as ``answers`` does.
    """
    ours = answers(model, windows)
    scale = output_quantisation(model).scale

    def steps(kernels: str) -> int:
        return int(np.abs(np.rint((litert_answers(model, windows, kernels) - ours) / scale)).max())

    return Agreement(len(windows), steps("BUILTIN_REF"), steps("BUILTIN_WITHOUT_DEFAULT_DELEGATES"), steps("BUILTIN"))


def litert_answers(model: bytes, windows: NDArray[np.float32], kernels: str) -> NDArray[np.float32]:
    """What LiteRT answers to windows (n, m), as (n, d) float32, with the kernels of a name in ``OpResolverType``."""
    from ai_edge_litert import interpreter as litert

    with caught_stderr():  # XNNPACK greets
        interpreter: Any = litert.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=litert.OpResolverType[kernels],
        )
        interpreter.allocate_tensors()
        source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        made = []
        for window in windows:
            interpreter.set_tensor(source["index"], window.reshape(source["shape"]))
            interpreter.invoke()
            made.append(np.array(interpreter.get_tensor(target["index"])).reshape(-1))
    return np.stack(made)
