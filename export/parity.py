"""The gate: INT8 must answer as float does, or no bundle is written."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.errors import ExportError, ExportReason
from train.selection import DevScore, score_embeddings

MIN_MEAN_COSINE = 0.995
MAX_EER_SHIFT = 0.003
"""Either way, as a share: 0.3 points."""


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
        if self.cosine_mean < MIN_MEAN_COSINE or abs(self.eer_shift) > MAX_EER_SHIFT:
            raise ExportError(
                ExportReason.PARITY,
                f"{self.model}: mean cosine {self.cosine_mean:.4f} to float (needs {MIN_MEAN_COSINE}), EER shift "
                f"{100 * self.eer_shift:+.2f} points (at most {100 * MAX_EER_SHIFT:.1f}): train longer or with "
                "bounded activations; no bundle was written",
            )


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
