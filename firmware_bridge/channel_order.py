"""Whether RED and IR are swapped, as clone modules wire them, judged by how much a finger's pulse moves each.

Blood that a heart has just sent takes more of IR's light than of RED's: the ratio of ratios (AC / DC of RED over
AC / DC of IR) is 0.4-0.8 at 95-100 % saturation, 1.0 at 85 %. Swapped it is 1.25-2.5, a saturation at which nobody
sits and reads a pulse. Nothing is ever exchanged on this judgement: see ``text_formats``.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.messages import SampleBlock
from firmware_bridge.protocol import MAX_COUNTS

PIECE_S = 2.0
"""Holds a beat at 30 a minute."""
JUDGED_PIECES, CLEAR_PIECES = 10, 9
"""20 s of finger, nine tenths of which say the same."""
SWAPPED_RATIO = 1.15
"""Above 1.0, a very ill person's, and below 1.25, that of 95 % saturation swapped."""
SLOPE_S = 0.1
"""Slopes over this pass 1-5 Hz, where a pulse is, and neither a finger's drift nor a converter's noise."""
MIN_CORRELATION = 0.95
"""One pulse moves both channels alike; noise and a channel without a finger do not."""
MIN_COUNTS = 10_000
"""A finger's level is far above; in open air room light moves both channels, by amounts that mean nothing."""
MAX_SLOPE = 0.02
"""Standard deviation of the slopes over the level: 10 % perfusion. A stronger movement is no pulse."""
MIN_RATE_HZ = 20.0
"""Below, a pulse has too few samples for its slopes."""
MAX_HELD = 4096
"""A piece has 2,200 samples at the highest rate there is; more means a clock that stands still, and no rate."""


class ChannelOrderJudge:
    """Takes the blocks of one connection."""

    def __init__(self) -> None:
        self._ratios: deque[float] = deque(maxlen=JUDGED_PIECES)
        self._epoch: int | None = None
        self._next_index = 0
        self._held: list[NDArray[np.int32]] = []
        self._held_samples = 0

    def swapped(self, block: SampleBlock, rate_hz: float | None) -> bool:
        """Whether the newest 20 s of finger in this epoch are clearly those of swapped channels.

        Args:
            block: the next one, with RED.
            rate_hz: of its samples, None before it is known.
        """
        if block.epoch != self._epoch:
            self._ratios.clear()
        if block.epoch != self._epoch or block.index != self._next_index:
            self._held, self._held_samples = [], 0
        self._epoch, self._next_index = block.epoch, block.index + len(block.ir_counts)
        self._held.append(np.stack([block.ir_counts, block.red_counts]))
        self._held_samples += len(block.ir_counts)
        if self._held_samples > MAX_HELD:
            self._held, self._held_samples = [], 0
        if rate_hz is None or rate_hz < MIN_RATE_HZ or self._held_samples < PIECE_S * rate_hz:
            return False
        ratio = ratio_of_ratios(np.concatenate(self._held, axis=1), rate_hz)
        self._held, self._held_samples = [], 0
        if ratio is not None:
            self._ratios.append(ratio)
        return sum(ratio > SWAPPED_RATIO for ratio in self._ratios) >= CLEAR_PIECES


def ratio_of_ratios(counts: NDArray[np.int32], rate_hz: float) -> float | None:
    """RED's relative pulse over IR's, or None where there is no clean pulse in both.

    Args:
        counts: IR and RED, shape (2, n).
        rate_hz: at least 20.
    """
    level = counts.mean(axis=1)
    if level.min() < MIN_COUNTS or counts.max() >= MAX_COUNTS:
        return None
    step = round(SLOPE_S * rate_hz)
    sums = np.cumsum(counts, axis=1, dtype=np.float64)
    slopes = (sums[:, 2 * step :] - 2 * sums[:, step:-step] + sums[:, : -2 * step]) / step
    (ir, covariance), (_, red) = np.cov(slopes)
    if not ir > 0 or not red > 0 or covariance < MIN_CORRELATION * np.sqrt(ir * red):
        return None
    relative = np.sqrt([ir, red]) / level
    return None if relative.max() > MAX_SLOPE else float(relative[1] / relative[0])
