"""Ways to make one reference of several shots, and what each does to a score."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from device.comparison import pooled

Floats = NDArray[np.float64]
Embeddings = NDArray[np.float32]
Prototype = Callable[[Embeddings, Embeddings], Floats]
"""Shots (k, d) of one person and probes (n, d), as the network gives them, to scores (n,), higher = more alike."""


def unit(embeddings: Embeddings) -> Embeddings:
    """Rows (n, d) at unit length."""
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), dtype=np.float32)


def mean(shots: Embeddings, probes: Embeddings) -> Floats:
    """Cosine with the normalised mean of unit shots, as the device compares."""
    return np.asarray(unit(probes) @ pooled(unit(shots)), dtype=np.float64)


def raw_mean(shots: Embeddings, probes: Embeddings) -> Floats:
    """Nearness in space to the mean of the shots as they are (Snell et al. 2017, arXiv 1703.05175)."""
    distances = np.linalg.norm(probes.astype(np.float64) - shots.mean(axis=0, dtype=np.float64), axis=1)
    return np.asarray(-distances)


def nearest(shots: Embeddings, probes: Embeddings) -> Floats:
    """Cosine with the most alike shot: every shot is one more chance, for an impostor too."""
    return np.asarray((unit(probes) @ unit(shots).T).max(axis=1), dtype=np.float64)


def worst(shots: Embeddings, probes: Embeddings) -> Floats:
    """Cosine with the least alike shot."""
    return np.asarray((unit(probes) @ unit(shots).T).min(axis=1), dtype=np.float64)


PROTOTYPES: dict[str, Prototype] = {"mean": mean, "raw mean": raw_mean, "nearest": nearest, "farthest": worst}
"""By the name that tables use; the first is the device's."""
