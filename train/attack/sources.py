"""What attackers and genuine people give a sensor to measure, made of recordings."""

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.protocol import MAX_COUNTS
from firmware_bridge.recordings import Recording
from firmware_bridge.sources import LOST, PulseSource, RecordingSource

NOISE_COUNTS = 10.0
"""Standard deviation of the sensor's own noise, in the middle of the simulated wearers'."""


class NoisySource:
    """``source`` with white noise on IR and RED, the same for the same seed in whatever portions it is read."""

    def __init__(self, source: PulseSource, seed: int) -> None:
        self._source, self._seed = source, seed
        self._random = np.random.default_rng(seed)

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._source.rate_hz

    def rewind(self) -> None:
        """Begin again."""
        self._source.rewind()
        self._random = np.random.default_rng(self._seed)

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``firmware_bridge.sources.PulseSource``."""
        counts = self._source.read(count)
        noise = np.rint(NOISE_COUNTS * self._random.standard_normal(counts.shape)).astype(np.int32)
        return np.where(counts == LOST, np.int32(LOST), np.clip(counts + noise, 0, MAX_COUNTS))


def as_measured(recording: Recording, seed: int) -> PulseSource | None:
    """A recording as a sensor would measure it, with noise of their own in each channel; None if all of it is missing.

    A one-channel recording makes RED an exact copy of IR (``RecordingSource``), which would give away genuine people
    and replays alike; a two-channel recording, which an attacker can make, has this noise.
    """
    return NoisySource(RecordingSource(recording), seed) if np.isfinite(recording.ppg).any() else None


class OneLight:
    """The IR of ``source`` in both channels: a lamp shines during both LEDs' time."""

    def __init__(self, source: PulseSource) -> None:
        self._source = source

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._source.rate_hz

    def rewind(self) -> None:
        """Begin again."""
        self._source.rewind()

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``firmware_bridge.sources.PulseSource``."""
        return np.repeat(self._source.read(count)[:, :1], 2, axis=1)


class LoopedSource:
    """The first ``seconds`` of ``source`` over and over, bit for bit, until ``length_s`` is over."""

    def __init__(self, source: PulseSource, seconds: float, length_s: float) -> None:
        source.rewind()
        part = source.read(round(seconds * source.rate_hz))
        self._rate_hz = source.rate_hz
        self._counts = np.resize(part, (round(length_s * source.rate_hz), 2))
        self._next = 0

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._rate_hz

    def rewind(self) -> None:
        """Begin again."""
        self._next = 0

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``firmware_bridge.sources.PulseSource``."""
        part = self._counts[self._next : self._next + count]
        self._next += len(part)
        return part
