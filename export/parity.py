"""The gate: INT8 must answer as float does, and both formats alike, or no bundle is written."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.errors import ExportError, ExportReason
from train.selection import DevScore, score_embeddings

MIN_MEAN_COSINE = 0.998
MIN_COSINE = 0.97
MAX_EER_SHIFT = 0.001
"""Either way, as a share: 0.1 points."""
MAX_STEPS = 2
"""Steps of the INT8 output between the TFLite and the ONNX model, for any window and value."""
MAX_STEPS_WITH_SUMS = 8
"""The same of a network of residual sums: each runtime rounds a sum in its own way, and there are many in a row."""

ADVICE = "export it with --fine-tune EPOCHS, or with more of them, so that it learns to bear INT8"


@dataclass(frozen=True, slots=True)
class Parity:
    """How far one INT8 model is from its float original, on people held out of training."""

    model: str
    windows: int
    cosine_mean: float
    cosine_min: float
    fp32: DevScore
    int8: DevScore

    @property
    def eer_shift(self) -> float:
        """The larger of the two changes of EER, a window and over 12 s; positive where INT8 is worse."""
        shifts = (self.int8.eer_window - self.fp32.eer_window, self.int8.eer_decision - self.fp32.eer_decision)
        return max(shifts, key=abs)

    def require(self) -> None:
        """Pass the gate.

        Raises:
            ExportError: PARITY, with the figure that fell short.
        """
        faults = []
        if not self.cosine_mean >= MIN_MEAN_COSINE:
            faults.append(f"mean cosine {self.cosine_mean:.4f} to float (needs {MIN_MEAN_COSINE})")
        if not self.cosine_min >= MIN_COSINE:
            faults.append(f"least cosine {self.cosine_min:.4f} to float (needs {MIN_COSINE})")
        if not abs(self.eer_shift) <= MAX_EER_SHIFT:
            faults.append(f"EER shift {100 * self.eer_shift:+.2f} points (at most {100 * MAX_EER_SHIFT:.1f})")
        if faults:
            raise ExportError(
                ExportReason.PARITY,
                f"{self.model}: {', '.join(faults)}: {ADVICE}; no bundle was written",
            )


@dataclass(frozen=True, slots=True)
class ParityReport:
    """What the gate saw: each format's INT8 against its float, and the largest difference between the formats."""

    formats: tuple[Parity, ...]
    steps: int
    """Between the INT8 models' outputs, in steps of that output."""


def require_same_steps(tflite: NDArray[np.float32], onnx: NDArray[np.float32], scale: float, *, has_sums: bool) -> int:
    """Hold the INT8 models of both formats to the same answers, and return the largest difference in steps.

    Args:
        tflite: (n, d) the network's own output, a window a row.
        onnx: the same windows', likewise.
        scale: of the INT8 output.
        has_sums: whether the network adds tensors.

    Raises:
        ExportError: PARITY, they differ by more than such a network may.
    """
    steps = round(float(np.abs(tflite - onnx).max()) / scale)
    most = MAX_STEPS_WITH_SUMS if has_sums else MAX_STEPS
    if steps > most:
        raise ExportError(
            ExportReason.PARITY,
            f"the INT8 models differ by {steps} steps of their output between TFLite and ONNX (at most {most}): "
            f"{ADVICE}; no bundle was written",
        )
    return steps


def compare(model: str, fp32: list[NDArray[np.float32]], int8: list[NDArray[np.float32]]) -> Parity:
    """Hold two models' answers to the same windows against each other.

    Args:
        model: the INT8 model's name, for messages.
        fp32: one (n, d) array of unit embeddings a person.
        int8: the same people's, likewise.
    """
    cosines = np.concatenate([(a * b).sum(axis=1) for a, b in zip(fp32, int8, strict=True)])
    return Parity(
        model=model,
        windows=cosines.size,
        cosine_mean=float(cosines.mean()),
        cosine_min=float(cosines.min()),
        fp32=score_embeddings(fp32),
        int8=score_embeddings(int8),
    )
