"""What every embedder promises, and the checks they share."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device.errors import BundleError, BundleReason, SignalError, SignalReason


class Embedder(Protocol):
    """Maps one standardised window to a point on the unit sphere."""

    @property
    def embedding_size(self) -> int:
        """The number of values of an embedding, d."""
        ...

    @property
    def runtime(self) -> str:
        """The inference runtime in use, by the name pip knows."""
        ...

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed one window: (300,) standardised -> (d,) float32 of unit length, owned by the caller.

        Raises:
            SignalError: SHAPE, NOT_FINITE or CONSTANT; a signal that carries no pulse has no embedding.
        """
        ...


def checked_pulse(pulse: NDArray[np.float32], window_samples: int) -> NDArray[np.float32]:
    """The window as float32, or SignalError for one that must not be embedded."""
    if pulse.shape != (window_samples,):
        raise SignalError(
            SignalReason.SHAPE, f"a window has {window_samples} samples, not an array of shape {pulse.shape}"
        )
    if not np.isfinite(pulse).all():
        raise SignalError(SignalReason.NOT_FINITE, "a window with NaN or infinite samples cannot be embedded")
    if np.ptp(pulse) == 0.0:
        raise SignalError(SignalReason.CONSTANT, "a constant window carries no pulse and cannot be embedded")
    return np.ascontiguousarray(pulse, dtype=np.float32)


def unit_embedding(output: NDArray[np.float32], embedding_size: int) -> NDArray[np.float32]:
    """The network's answer as a fresh (d,) float32 array of unit length.

    Raises:
        BundleError: BAD_MODEL, where the answer has another size or no direction.
    """
    embedding = np.array(output, dtype=np.float64).reshape(-1)
    if embedding.size != embedding_size:
        raise BundleError(
            BundleReason.BAD_MODEL,
            f"the model answers {embedding.size} values, the manifest says {embedding_size}",
        )
    length = float(np.linalg.norm(embedding))
    if not np.isfinite(length) or length == 0.0:
        raise BundleError(BundleReason.BAD_MODEL, "the model answered a window with no direction (zero or NaN)")
    return np.asarray(embedding / length, dtype=np.float32)


def first_line(error: BaseException) -> str:
    """What a runtime's error says, on one line."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
