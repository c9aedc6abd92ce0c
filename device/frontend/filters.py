"""A causal filter of second-order sections whose state travels from block to block."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.frontend.spec import Section


class SosFilter:
    """Direct form II transposed, sample by sample: any chunking gives the same bits.

    The arithmetic and its order are those of ``scipy.signal.sosfilt``, which a test holds it to.
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = [(b0, b1, b2, a1, a2) for b0, b1, b2, _, a1, a2 in sections]
        self._steady = _steady_state(self._sections)
        self._state: list[tuple[float, float]] | None = None

    def reset(self) -> None:
        """Forget the past: the next sample is taken for what has always been there."""
        self._state = None

    def feed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next samples of the stream.

        Args:
            values: (n,) in any unit.

        Returns:
            (n,) filtered, in the same unit.
        """
        if values.size == 0:
            return values.copy()
        samples: list[float] = values.tolist()
        if self._state is None:
            self._state = [(z1 * samples[0], z2 * samples[0]) for z1, z2 in self._steady]
        for number, section in enumerate(self._sections):
            samples, self._state[number] = _run(section, samples, self._state[number])
        return np.array(samples, dtype=np.float64)


def _run(
    section: tuple[float, float, float, float, float], samples: list[float], state: tuple[float, float]
) -> tuple[list[float], tuple[float, float]]:
    b0, b1, b2, a1, a2 = section
    z1, z2 = state
    filtered: list[float] = []
    append = filtered.append
    for x in samples:
        y = b0 * x + z1
        z1 = b1 * x - a1 * y + z2
        z2 = b2 * x - a2 * y
        append(y)
    return filtered, (z1, z2)


def _steady_state(sections: Sequence[tuple[float, float, float, float, float]]) -> list[tuple[float, float]]:
    """States under a constant input of 1, section by section (the gain so far scales the next)."""
    states = []
    level = 1.0
    for b0, b1, b2, a1, a2 in sections:
        gain = (b0 + b1 + b2) / (1.0 + a1 + a2)
        states.append((level * (gain - b0), level * (b2 - a2 * gain)))
        level *= gain
    return states
