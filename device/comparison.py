"""Comparison: how alike an embedding is to a reference (cosine; higher = more alike)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.errors import SignalError, SignalReason


def pooled(embeddings: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> NDArray[np.float32]:
    """The normalised mean of several windows' embeddings, (n, d) -> (d,) float32.

    Pooled over an enrolment it is the person's reference, over a decision the probe: both sides alike, so that a
    probe whose windows scatter is not scored down for it.

    Raises:
        SignalError: TOO_FEW_GOOD_WINDOWS without an embedding, CONSTANT where they cancel out.
    """
    if len(embeddings) == 0:
        raise SignalError(SignalReason.TOO_FEW_GOOD_WINDOWS, "no good window to pool")
    mean = np.mean(np.asarray(embeddings, dtype=np.float64), axis=0)
    length = float(np.linalg.norm(mean))
    if not length > 1e-6:
        raise SignalError(SignalReason.CONSTANT, "the windows' embeddings cancel out: hold still and try again")
    return np.asarray(mean / length, dtype=np.float32)


def scores(embedding: NDArray[np.float32], references: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scores of one embedding (d,) with every reference (m, d): (m,) in [-1, 1]; all of unit length."""
    return np.asarray(references.astype(np.float64) @ embedding.astype(np.float64))
