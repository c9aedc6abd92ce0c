"""The newest seconds of samples and windows, handed from the session's thread to the page's in small batches."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from device.frontend import Window
from firmware_bridge import SampleBlock

KEPT_BLOCKS = 400
"""16 s of a board's frames: more than a page shows."""
KEPT_WINDOWS = 16


@dataclass(frozen=True, slots=True)
class _Block:
    number: int
    epoch: int
    first: int
    counts: list[int]


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """What became of one window; `end` is the index of the newest sample when it was complete."""

    number: int
    epoch: int
    end: int
    sqi: float
    reason: str
    """Why it was not used; empty for a good one."""
    answer_ms: float
    """From its last sample to what came of it: filters, network, comparison, decision, and what the store writes."""


class LiveSamples:
    """Written by one thread, read by others from where each stopped; holds raw counts, nothing of a model."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks: deque[_Block] = deque(maxlen=KEPT_BLOCKS)
        self._windows: deque[SeenWindow] = deque(maxlen=KEPT_WINDOWS)
        self._blocks_made = self._windows_made = 0

    def add(self, block: SampleBlock) -> None:
        """The next samples."""
        counts = block.ir_counts.tolist()
        with self._lock:
            self._blocks_made += 1
            self._blocks.append(_Block(self._blocks_made, block.epoch, block.index, counts))

    def judged(self, windows: Sequence[Window], block: SampleBlock, answer_ms: float) -> None:
        """The windows that `block` completed, and how long their answers took."""
        end = block.index + len(block.ir_counts)
        with self._lock:
            for window in windows:
                self._windows_made += 1
                reason = window.quality.reason
                self._windows.append(
                    SeenWindow(
                        self._windows_made,
                        block.epoch,
                        end,
                        window.quality.sqi,
                        reason.value if reason else "",
                        answer_ms,
                    )
                )

    @property
    def windows(self) -> list[SeenWindow]:
        """The newest windows, oldest first."""
        with self._lock:
            return list(self._windows)

    def since(self, block: int, window: int) -> tuple[int, int, dict[str, Any]] | None:
        """What is newer than these numbers, as JSON can hold it, with the newest numbers; None if nothing is."""
        with self._lock:
            if self._blocks_made == block and self._windows_made == window:
                return None
            blocks = [[one.epoch, one.first, one.counts] for one in self._blocks if one.number > block]
            windows = [
                [one.epoch, one.end, round(one.sqi, 2), one.reason] for one in self._windows if one.number > window
            ]
            return self._blocks_made, self._windows_made, {"blocks": blocks, "windows": windows}
