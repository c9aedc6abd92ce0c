"""What a reader yields."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import PortReason
from firmware_bridge.protocol import AckResult, BoardInfo, CommandCode, DataFlags


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Consecutive samples of one DATA frame, or of one burst of text lines.

    Reflected light: the pulse points down in counts. Counts have shape (n,), n >= 1; a sketch without RED
    gives zeros.
    """

    index: int
    """Unwrapped index of the first sample, lost ones counted; starts again only with a new epoch."""
    epoch: int
    """One more at each sensor re-initialisation, board restart and reconnection of the reader."""
    clock_index: int
    """Index of the newest sample there was when the clock was read."""
    t_us: int
    """Unwrapped microseconds of that reading: the board's clock, or the host's for a text sketch."""
    ir_counts: NDArray[np.int32]
    red_counts: NDArray[np.int32]
    flags: DataFlags


@dataclass(frozen=True, slots=True)
class SketchInfo:
    """A text sketch, once its rate has been measured by the arrival of its lines."""

    format: str
    measured_rate_hz: float
    has_red: bool


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The board was unplugged or fell silent; the reader tries to get it back."""

    reason: PortReason
    detail: str


@dataclass(frozen=True, slots=True)
class LinkRestored:
    """The board speaks again, in a new epoch; samples of the outage (seconds) are not counted as lost."""

    epoch: int
    outage_s: float


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A replayed recording is over: the last message of a reader."""


@dataclass(frozen=True, slots=True)
class LinkStatistics:
    """Totals since the reader began, each 10 s and at the end.

    ``corrupt`` counts frames, or lines of a text sketch, that could not be read; ``measured_rate_hz`` is that
    of the current epoch, None before it is known. ``forged`` counts DATA frames that a reader with a key refused,
    see ``seal_check``.
    """

    samples: int
    lost: int
    corrupt: int
    restarts: int
    measured_rate_hz: float | None
    forged: int = 0


class WarningReason(StrEnum):
    """What is doubtful about samples that can be read."""

    LOW_RATE = "low sample rate"
    SLOW_BAUD = "slow baud rate"
    SWAPPED_CHANNELS = "red and infrared swapped"


@dataclass(frozen=True, slots=True)
class LinkWarning:
    """Something that makes samples worth less, and what to do about it, in one line; once an epoch each."""

    reason: WarningReason
    text: str


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """The end of a command: ``sequence`` is what ``BoardReader.command`` returned.

    ``result`` is None, and ``value`` 0, if the board did not answer in time or was lost. ``value`` is told at
    ``CommandCode``.
    """

    sequence: int
    code: CommandCode
    result: AckResult | None
    value: int


Message = (
    SampleBlock
    | BoardInfo
    | SketchInfo
    | LinkLost
    | LinkRestored
    | RecordingEnded
    | LinkStatistics
    | LinkWarning
    | CommandAnswered
)
