"""An even grid of time, told in the words of a source."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.recordings import time_grid
from train.sources.failing import malformed

Floats = NDArray[np.float64]


def on_grid(where: Path, time_s: Floats, values: Floats) -> tuple[Floats, float]:
    """As ``firmware_bridge.recordings.time_grid.on_grid``; ``where`` is the file, for messages.

    Raises:
        RecordingError: a stamp is missing or does not go up, or jumps too far to be true.
    """
    try:
        return time_grid.on_grid(time_s, values)
    except time_grid.UnevenTimeError as error:
        raise malformed(where, f"its time {error}; state rate_hz instead") from None
