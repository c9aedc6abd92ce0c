"""The golden vectors: a model is used only if it answers known windows as it did when it was exported."""

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.embedders.protocol import Embedder
from device.errors import BundleError, BundleReason
from device.manifest import GOLDEN_NAME
from firmware_bridge.npz_check import NPZ_FAULTS, one_line, unpacked


def check_golden(bundle: Bundle, embedder: Embedder, *, precision: str, model_name: str) -> float:
    """Run the golden windows; return the least cosine between answer and expectation.

    Raises:
        BundleError: GOLDEN, naming the model file, the window and the bound.
    """
    windows, expected = golden_arrays(bundle, precision)
    bound = bundle.manifest.golden.min_cosine
    cosines = []
    for number, (window, right) in enumerate(zip(windows, expected, strict=True)):
        try:
            answer = embedder.embed(window)
        except BundleError as error:
            what = f"answers golden window {number} with nothing usable ({error})"
            raise _refused(bundle, model_name, embedder, what) from None
        cosines.append(float(np.dot(answer, right / np.linalg.norm(right))))
        if not cosines[-1] >= bound:  # so that NaN is refused too
            what = f"answers golden window {number} with cosine {cosines[-1]:.4f}"
            raise _refused(bundle, model_name, embedder, what)
    return min(cosines)


def _refused(bundle: Bundle, model_name: str, embedder: Embedder, what: str) -> BundleError:
    return BundleError(
        BundleReason.GOLDEN,
        f"{bundle.path / model_name} {what}, bound {bundle.manifest.golden.min_cosine:g}, on {embedder.runtime}: not "
        "the model that was exported; use another --runtime or bundle",
    )


def golden_arrays(bundle: Bundle, precision: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Golden windows (n, window_samples), filtered counts, and embeddings (n, embedding_size) expected of a precision.

    Raises:
        BundleError: GOLDEN, where they are damaged or do not fit the bundle's front end and network.
    """
    name = bundle.path / GOLDEN_NAME
    key = f"embeddings_{precision}"
    try:
        arrays = unpacked(bundle.read(GOLDEN_NAME), "windows", key)
        windows = arrays["windows"].astype(np.float32, casting="same_kind")
        expected = arrays[key].astype(np.float64, casting="same_kind")
    except NPZ_FAULTS as error:
        raise BundleError(BundleReason.GOLDEN, f"{name}: windows or {key} cannot be read: {one_line(error)}") from None
    sizes = bundle.front_end.window_samples, bundle.manifest.architecture.embedding_size
    shapes = tuple((*windows.shape[:1], size) for size in sizes)
    if not windows.size or (windows.shape, expected.shape) != shapes or not np.linalg.norm(expected, axis=1).all():
        raise BundleError(BundleReason.GOLDEN, f"{name}: windows {windows.shape} and {key} {expected.shape} do not fit")
    return windows, expected
