"""Fiducial features as an embedding: standardised, then the directions in which people differ most."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from train.errors import TrainError, TrainReason
from train.loop import MIN_WINDOWS
from train.references.beats import Floats
from train.references.fiducials import FEATURES, features
from train.selection import score_embeddings
from train.windows import PersonWindows

DIRECTIONS = (8, 16, 32, FEATURES)
"""How many may be kept; the people held out decide."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Discriminant:
    """Maps features to a plane in which windows of one person scatter alike in every direction."""

    mean: Floats
    deviation: Floats
    directions: Floats
    """(FEATURES, k)."""
    cpu_s: float
    """Processor seconds that fitting took, features included."""

    @property
    def parameters(self) -> int:
        """Numbers that were learnt."""
        return self.mean.size + self.deviation.size + self.directions.size

    def embed(self, pulse: NDArray[np.float32]) -> list[NDArray[np.float32] | None]:
        """Unit embeddings (k,) of windows (n, 300); None of one without a whole beat."""
        return [None if found is None else self._project(found) for found in map(features, pulse)]

    def _project(self, found: Floats) -> NDArray[np.float32]:
        projected = standardised(found, self.mean, self.deviation) @ self.directions
        return np.asarray(projected / np.linalg.norm(projected), dtype=np.float32)


def standardised(found: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Features (..., FEATURES) in standard scores; what is missing is taken to be average."""
    return np.nan_to_num((found - mean) / deviation, nan=0.0)


def fit_discriminant(people: Sequence[PersonWindows], dev: Sequence[PersonWindows]) -> Discriminant:
    """Linear discriminant analysis with a shrunk covariance (Ledoit and Wolf 2004) of those who train.

    Args:
        people: windows (n, 300) of those who train.
        dev: of the people held out, who choose how many directions are kept.

    Raises:
        TrainError: TOO_FEW_PEOPLE, below two with enough windows that hold a whole beat.
    """
    begun = time.process_time()
    rows = [np.array([found for found in map(features, one.pulse) if found is not None]) for one in people]
    rows = [one for one in rows if len(one) >= MIN_WINDOWS]
    if len(rows) < 2 or not dev:
        raise TrainError(
            TrainReason.TOO_FEW_PEOPLE,
            f"{len(rows)} people have {MIN_WINDOWS} windows with a whole beat; give recordings of more",
        )
    together = np.concatenate(rows)
    mean, deviation = _moments(together)
    labels = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    analysis.fit(standardised(together, mean, deviation), labels)
    scores = {}
    for kept in sorted({min(count, len(rows) - 1) for count in DIRECTIONS}):
        candidate = Discriminant(mean, deviation, analysis.scalings_[:, :kept], 0.0)
        embedded = [[e for e in candidate.embed(one.pulse) if e is not None] for one in dev]
        score = score_embeddings([np.array(one) for one in embedded if one])
        scores[kept] = score.value
        log.info(
            "fiducials, %d directions: held-out EER %.2f %% a window, %.2f %% over 12 s",
            kept, 100 * score.eer_window, 100 * score.eer_decision,
        )  # fmt: skip
    best = min(scores, key=lambda kept: scores[kept])
    return Discriminant(mean, deviation, analysis.scalings_[:, :best], time.process_time() - begun)


def _moments(rows: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each feature where it is there; 0 and 1 of one that never is, or never varies."""
    count = np.maximum(1, np.isfinite(rows).sum(axis=0))
    mean = np.nansum(rows, axis=0) / count
    deviation = np.sqrt(np.nansum((rows - mean) ** 2, axis=0) / count)
    return mean, np.where(deviation > 0.0, deviation, 1.0)
