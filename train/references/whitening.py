"""Within-class covariance normalisation of embeddings, as the model that ships has it in its last layer."""

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.1
"""Share of the mean variance added to every direction; that of ``export/whiten.py``, which is above this package."""

Floats = NDArray[np.float64]


def whitening(people: list[NDArray[np.float32]]) -> Floats:
    """The inverse square root (d, d) of the mean within-person covariance of unit embeddings, (n, d) a person.

    Source: Hatch et al. 2006, "Within-class covariance normalization for SVM-based speaker recognition".
    """
    centred = np.concatenate([one.astype(np.float64) - one.mean(axis=0, dtype=np.float64) for one in people])
    covariance = centred.T @ centred / len(centred)
    size = len(covariance)
    values, vectors = np.linalg.eigh(covariance + SHRINKAGE * np.trace(covariance) / size * np.eye(size))
    root: Floats = vectors @ np.diag(values**-0.5) @ vectors.T
    return root
