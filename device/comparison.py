"""Comparison: how much more likely a probe and a reference are of one person than of two."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.calibration import Calibration
from device.errors import BundleError, BundleReason, SignalError, SignalReason
from device.manifest import COHORT_NAME
from firmware_bridge.npz_check import NPZ_FAULTS, one_line, unpacked

Embeddings = NDArray[np.float32]
Scores = NDArray[np.float64]


def pooled(embeddings: Sequence[Embeddings] | Embeddings) -> Embeddings:
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


class Comparator:
    """Cosine, seen against how alike either side is to strangers (adaptive s-norm), and what that is worth.

    Some pulses are like everybody's and some like nobody's, so one cosine means more for one person than for another.
    The score is the mean of two standard scores: of the cosine among the probe's ``nearest`` cohort members, and among
    the reference's. Source: Matejka et al. 2017, "Analysis of score normalization in multilingual speaker
    recognition", section 2.3.
    """

    def __init__(self, cohort: Embeddings, nearest: int, calibration: Calibration) -> None:
        """
        Args:
            cohort: (c, d) one reference of each of ``c`` strangers, of unit length.
            nearest: how many of the most alike are looked at, 2 to ``c``.
            calibration: from scores to log-likelihood ratios.
        """
        self._cohort = cohort.astype(np.float64)
        self._nearest = nearest
        self.calibration = calibration

    def against(self, references: Embeddings) -> "Scorer":
        """Ready to compare probes with these references (m, d)."""
        return Scorer(self, references.astype(np.float64))

    def cohort_statistics(self, embeddings: Scores) -> tuple[Scores, Scores]:
        """Mean and standard deviation (n,) of the cosines of (n, d) with their nearest cohort members."""
        nearest = np.sort(embeddings @ self._cohort.T, axis=1)[:, -self._nearest :]
        return nearest.mean(axis=1), nearest.std(axis=1)


class Scorer:
    """Compares probes with the references of one gallery, whose cohort statistics are taken once."""

    def __init__(self, comparator: Comparator, references: Scores) -> None:
        """``references``: (m, d) of unit length."""
        self._comparator = comparator
        self._references = references
        self._mean, self._spread = comparator.cohort_statistics(references)

    def scores(self, probe: Embeddings) -> Scores:
        """Scores (m,) of one probe (d,) of unit length with every reference."""
        one = probe.astype(np.float64)
        cosines = self._references @ one
        mean, spread = self._comparator.cohort_statistics(one[None, :])
        return np.asarray(0.5 * ((cosines - self._mean) / self._spread + (cosines - mean) / spread))

    def llr(self, probe: Embeddings, windows: int) -> Scores:
        """Log-likelihood ratios (m,) of a probe pooled of so many windows: above 0 for, below 0 against a match."""
        return self._comparator.calibration.llr(self.scores(probe), windows)


def comparator_of(bundle: Bundle) -> Comparator:
    """The comparator of a bundle, with the cohort that it ships.

    Raises:
        BundleError: MISSING_FILE, DAMAGED or MALFORMED, where the cohort is not what the manifest says.
    """
    found = _cohort_array(bundle, "references", np.empty((0, 0)))
    if found.dtype.kind != "f" or not np.isfinite(found).all():
        raise BundleError(BundleReason.MALFORMED, f"{bundle.path / COHORT_NAME}: references are not finite numbers")
    cohort = found.astype(np.float32)
    nearest, size = bundle.manifest.comparison.nearest, bundle.manifest.architecture.embedding_size
    if cohort.ndim != 2 or cohort.shape[1] != size or len(cohort) < nearest:
        raise BundleError(
            BundleReason.MALFORMED,
            f"{bundle.path / COHORT_NAME}: references {cohort.shape} are not at least {nearest} of size {size}",
        )
    return Comparator(cohort, nearest, bundle.manifest.comparison.calibration)


def known_recordings(bundle: Bundle) -> frozenset[str]:
    """Fingerprints of recordings whose people the bundle knows from training or from its cohort; none, where a bundle
    does not tell.

    Raises:
        BundleError: as ``comparator_of``.
    """
    known = _cohort_array(bundle, "known", np.empty(0, dtype="U16"))
    if known.dtype.kind != "U" or known.ndim != 1:
        raise BundleError(BundleReason.MALFORMED, f"{bundle.path / COHORT_NAME}: known is no list of texts")
    return frozenset(map(str, known))


def _cohort_array(bundle: Bundle, name: str, absent: NDArray[Any]) -> NDArray[Any]:
    try:
        return unpacked(bundle.read(COHORT_NAME), name).get(name, absent)
    except NPZ_FAULTS as error:
        raise BundleError(
            BundleReason.MALFORMED, f"{bundle.path / COHORT_NAME} cannot be read: {one_line(error)}"
        ) from None
