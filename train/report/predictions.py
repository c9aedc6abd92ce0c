"""A model's answers window by window: ``predictions.npz``, checked against the result beside it."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from train.errors import TrainError, TrainReason
from train.report.runs import Run

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Of n test windows, in order of time within a person."""

    label: NDArray[np.int64]
    """(n,) number in the run's ``people``."""
    features: NDArray[np.float32]
    """(n, size) of unit length."""
    predicted: NDArray[np.int64] | None
    """(n,) whom the classifier named; sample-wise only."""

    def of(self, person: int) -> NDArray[np.float32]:
        """The features (k, size) of one person."""
        return np.asarray(self.features[self.label == person])


def read_predictions(run: Run) -> Predictions | None:
    """Read a run's predictions; None where it has none.

    Raises:
        TrainError: BAD_CONFIG, they cannot be read or do not fit the result.
    """
    if not run.predictions.exists():
        return None
    arrays = _load(run)
    label = _numbers(run, arrays, "label", len(run.people))
    features = arrays.get("features")
    if features is None or features.ndim != 2 or features.dtype.kind != "f" or len(features) != label.size:
        _fault(run, f"features must be ({label.size}, size) of floating point")
    lengths = np.linalg.norm(features.astype(np.float32), axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        _fault(run, "features must be finite")
    unit = features.astype(np.float32) / np.maximum(lengths, np.finfo(np.float32).tiny)
    predicted = None
    if run.seen is not None:
        predicted = _numbers(run, arrays, "predicted", len(run.people))
        oa = float((predicted == label).mean())
        if abs(oa - run.seen.oa) > _ROUNDING:
            _fault(run, f"its predictions make an OA of {oa:.6f}, and the result says {run.seen.oa:.6f}")
    return Predictions(label, unit, predicted)


def _load(run: Run) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(run.predictions.read_bytes()), allow_pickle=False) as arrays:
            return dict(arrays.items())
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise TrainError(
            TrainReason.BAD_CONFIG, f"{run.predictions} cannot be read ({error}); remove it or make the run again"
        ) from error


def _numbers(run: Run, arrays: dict[str, NDArray[Any]], name: str, people: int) -> NDArray[np.int64]:
    values = arrays.get(name)
    if values is None or values.ndim != 1 or values.dtype.kind not in "iu":
        _fault(run, f"{name} must be a list of whole numbers")
    if values.size != run.test_windows:
        _fault(run, f"{name} has {values.size} windows, and test_windows of the result is {run.test_windows}")
    if values.size and not 0 <= int(values.min()) <= int(values.max()) < people:
        _fault(run, f"{name} must be from 0 to {people - 1}, a person of the result")
    return values.astype(np.int64)


def _fault(run: Run, says: str) -> NoReturn:
    raise TrainError(TrainReason.BAD_CONFIG, f"{run.predictions} does not fit the result beside it: {says}")
