"""Whether the sensor is worn, block by block: sooner than a window of pulse can tell."""

from firmware_bridge import SampleBlock

ON_COUNTS, OFF_COUNTS = 28_000, 20_000
"""Of reflected infrared, apart so that a loose finger does not flicker; the board's firmware takes the same."""


class Finger:
    """Takes sample blocks in order; `on` says whether skin lies on the sensor."""

    def __init__(self) -> None:
        self.on = False

    def take(self, block: SampleBlock) -> bool:
        """Judge by the mean of a block's infrared counts, 40 ms of a board's frames; `on` afterwards."""
        counts = float(block.ir_counts.mean())
        self.on = counts >= (OFF_COUNTS if self.on else ON_COUNTS)
        return self.on
