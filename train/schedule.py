"""The learning rate over a training."""

import math

WARM_UP = 0.1
"""Share of the steps in which the learning rate rises."""


def one_cycle(done: float, peak: float) -> float:
    """A linear rise to ``peak``, then half a cosine down to 0.

    Args:
        done: share of the training, 0 to 1.
        peak: the highest rate.
    """
    rise = min(1.0, done / WARM_UP)
    fall = 0.5 * (1.0 + math.cos(math.pi * max(0.0, done - WARM_UP) / (1.0 - WARM_UP)))
    return peak * rise * fall
