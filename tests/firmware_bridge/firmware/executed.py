"""The compiled sketch on a simulated Uno, a source whose every sample is known, and what was sent of it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.protocol import CommandCode, CommandFrame, Frame
from firmware_bridge.sensor_faults import SensorFaultEvent
from firmware_bridge.sources import PulseSource
from tests.firmware_bridge.firmware.sent import Sent
from tests.simulated_uno import SimulatedUno

SIXTEEN_BITS = 0x3FFFC
MODULUS = 5000
Command = tuple[float, CommandCode, int]


class Ramp:
    """Sample k has 4 * k counts of IR above its level, and RED that fits: both tell k, for 40 s."""

    rate_hz = 125.0

    def __init__(self) -> None:
        self.k = 0

    def read(self, count: int) -> NDArray[np.int32]:
        part = np.array([counts_of(self.k + i) for i in range(count)], np.int32).reshape(count, 2)
        self.k += count
        return part

    def rewind(self) -> None:
        self.k = 0


def counts_of(k: int) -> tuple[int, int]:
    """IR and RED of the ramp's sample k."""
    return 120_000 + 4 * (k % MODULUS), 90_000 + 4 * (7 * k % MODULUS)


def execute(
    elf: Path,
    seconds: float,
    *faults: SensorFaultEvent,
    source: PulseSource | None = None,
    commands: Iterable[Command] = (),
    swapped: bool = False,
    clock_error: float = 0.0,
) -> Sent:
    """One boot of so many seconds; commands are sent at their times, numbered from 0."""
    uno = SimulatedUno(elf, source or Ramp(), faults=faults, seconds=seconds, swapped=swapped, clock_error=clock_error)
    waiting = [
        (at_s, encode_frame(CommandFrame(i, code, argument))) for i, (at_s, code, argument) in enumerate(commands)
    ]
    raw, lights = b"", [(False, 0.0)]
    for packet in uno.boot():
        raw += packet.data
        if uno.light != lights[-1][0]:
            lights.append((uno.light, packet.due_s))
        while waiting and waiting[0][0] <= packet.due_s:
            uno.receive(waiting.pop(0)[1])
    return Sent(frames_of(raw), raw, lights[1:])


def frames_of(raw: bytes) -> list[Frame]:
    """Its frames, none of which is damaged."""
    decoder = FrameDecoder()
    frames = decoder.feed(raw)
    assert decoder.counts.dropped == 0
    return frames


def first_position(sent: Sent, epoch: int = 0) -> int:
    """Which sample of the ramp the epoch's index 0 is; asserts that all others follow from their indices."""
    samples = sent.samples(epoch)
    index, (ir, _) = next(iter(samples.items()))
    first = (ir - counts_of(0)[0]) // 4 - index
    for i, counts in samples.items():
        assert counts == counts_of(first + i), (epoch, i)
    return first
