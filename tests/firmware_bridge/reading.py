"""What the reader's tests read, and how a port is refused."""

import numpy as np
import pytest

from firmware_bridge.errors import PortError
from firmware_bridge.messages import (
    Message,
    SampleBlock,
)
from firmware_bridge.reader import BoardReader
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sources import RecordingSource

STEP_S = 0.6
"""What an injected clock goes on by at each look: three seconds pass in a few reads."""


def source(n: int = 1000) -> RecordingSource:
    ppg = np.sin(np.arange(n) / 16)
    ppg[n // 2 : n // 2 + 7] = np.nan
    return RecordingSource(Recording(ppg, 125.0, "p", "s", "r"))


def samples_of(messages: list[Message]) -> list[int]:
    return [count for m in messages if isinstance(m, SampleBlock) for count in m.ir_counts.tolist()]


def refusal(reader: BoardReader) -> PortError:
    with pytest.raises(PortError) as caught, reader:
        list(reader)
    assert "\n" not in str(caught.value)
    return caught.value
