"""A sensor's own noise on a source that has none, such as a recording, whose RED is made of its only channel."""

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sources import LOST, PulseSource, to_counts


class NoisySource:
    """``source`` as another sensor would measure it again: normal noise of its own on each channel.

    Args:
        source: what is measured.
        noise_counts: standard deviation; that of the simulated wearers is 7 to 11.
        seed: the same one gives the same noise, read in whatever portions.
    """

    def __init__(self, source: PulseSource, noise_counts: float, seed: int = 0) -> None:
        self._source, self._noise_counts, self._seed = source, noise_counts, seed
        self._random = np.random.default_rng(seed)

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._source.rate_hz

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``sources.PulseSource``."""
        counts = self._source.read(count)
        noisy = to_counts(counts + self._noise_counts * self._random.standard_normal(counts.shape))
        return np.where(counts == LOST, np.int32(LOST), noisy)

    def rewind(self) -> None:
        """Begin again."""
        self._source.rewind()
        self._random = np.random.default_rng(self._seed)
