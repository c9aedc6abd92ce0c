"""The four models of a bundle, made from one network: float and INT8, TFLite and ONNX."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from export.deploy import deployable
from export.errors import ExportError, ExportReason
from export.flatbuffer import check_int8, operators, slimmed
from export.to_onnx import float_onnx, int8_onnx
from export.to_tflite import float_tflite, int8_tflite
from export.whiten import whitened
from train.fine_tune import FineTuning, fine_tuned
from train.networks import EmbeddingNetwork
from train.networks.base import WINDOW_SAMPLES
from train.windows import PersonWindows

MIN_CALIBRATION_WINDOWS = 100
CALIBRATION_WINDOWS = 600


def make_models(
    network: EmbeddingNetwork,
    people: list[PersonWindows],
    tuning: FineTuning | None = None,
    others: Sequence[PersonWindows] = (),
) -> dict[str, bytes]:
    """Whiten, fine-tune if asked to, deploy, convert and quantise.

    Args:
        network: trained, in evaluation mode.
        people: good windows of people who trained; they whiten, fine-tune and calibrate.
        tuning: how to fine-tune the whitened network, or None.
        others: good windows of people with another kind of sensor; they whiten and calibrate too.

    Returns:
        ``model.{fp32,int8}.{tflite,onnx}`` and their content.

    Raises:
        ExportError: CALIBRATION, there are too few windows or they are constant; OPERATORS, an operator of the INT8
            model is not one.
    """
    windows = _calibration([*people, *others])
    network = whitened(network, people, others)
    if tuning is not None:
        # After whitening, which about doubles what rounding costs: what is trained is what the gate looks at.
        network = fine_tuned(network, people, tuning)
    deployed = deployable(network, windows)
    tflite, graph = float_tflite(deployed, WINDOW_SAMPLES), float_onnx(deployed, WINDOW_SAMPLES)
    int8 = slimmed(int8_tflite(tflite, windows))
    check_int8(int8, transpose_allowed=False)
    return {
        "model.fp32.tflite": slimmed(tflite),
        "model.int8.tflite": int8,
        "model.fp32.onnx": graph,
        "model.int8.onnx": int8_onnx(graph, windows),
    }


def operator_counts(name: str, model: bytes) -> dict[str, int]:
    """How many operators of each type a model has; ``name`` tells its format."""
    if name.endswith(".tflite"):
        return dict(sorted(operators(model).items()))
    return dict(sorted(Counter(node.op_type for node in onnx.load_from_string(model).graph.node).items()))


def _calibration(people: list[PersonWindows]) -> NDArray[np.float32]:
    pool = np.concatenate([one.pulse for one in people])
    if len(pool) < MIN_CALIBRATION_WINDOWS:
        raise ExportError(
            ExportReason.CALIBRATION, f"{len(pool)} windows to calibrate with, {MIN_CALIBRATION_WINDOWS} are needed"
        )
    windows = pool[:: max(1, len(pool) // CALIBRATION_WINDOWS)]
    if not np.ptp(windows, axis=1).all():
        raise ExportError(
            ExportReason.CALIBRATION, "a window to calibrate with is constant: give windows of a pulse, standardised"
        )
    return windows
