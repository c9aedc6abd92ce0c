"""Within-class covariance normalisation: directions in which one person's windows scatter count less.

Source: Hatch et al. 2006, "Within-class covariance normalization for SVM-based speaker recognition".
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.1
"""Share of the mean variance added to every direction, so that rare directions are not blown up in INT8."""

Floats = NDArray[np.float64]


def whitening(kinds: Sequence[Sequence[NDArray[np.float32]]]) -> Floats:
    """The inverse square root (d, d) of the within-person covariance, the mean over kinds of sensor of each kind's own.

    Args:
        kinds: for each kind, unit embeddings (n, d) of each person.
    """
    covariance = np.mean([_scatter(people) for people in kinds], axis=0)
    size = len(covariance)
    values, vectors = np.linalg.eigh(covariance + SHRINKAGE * np.trace(covariance) / size * np.eye(size))
    root: Floats = vectors @ np.diag(values**-0.5) @ vectors.T
    # Scaled to keep the embedding's size: only directions matter, and INT8 ranges stay as they were.
    scaled: Floats = root / np.trace(root) * size
    return scaled


def _scatter(people: Sequence[NDArray[np.float32]]) -> Floats:
    """The within-person covariance (d, d), of trace 1, so that a noisier sensor does not outweigh another."""
    centred = np.concatenate([one.astype(np.float64) - one.mean(axis=0, dtype=np.float64) for one in people])
    covariance: Floats = centred.T @ centred
    scatter: Floats = covariance / np.trace(covariance)
    return scatter
