"""A board that is played message by message, and pulses with beats at known times."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import BoardInfo, CommandAnswered, Message, SampleBlock
from firmware_bridge.protocol import AckResult, ChannelOrder, CommandCode, DataFlags, SensorFault

RATE_HZ = 125.0


def info(ir_ua: int = 7200, red_ua: int = 7200) -> BoardInfo:
    return BoardInfo((1, 0, 0), 0x15, SensorFault.NONE, 0x60, 0x35, ir_ua, red_ua, 125_000, ChannelOrder.GENUINE)


def blocks_of(counts: NDArray[Any], *, first: int = 0, epoch: int = 0) -> Iterator[SampleBlock]:
    """A board's messages of counts (n, 2), five samples each."""
    for at in range(0, len(counts) - 4, 5):
        index = first + at
        ir, red = counts[at : at + 5].astype(np.int32).T
        yield SampleBlock(index, epoch, index + 4, (index + 4) * 8000, ir, red, DataFlags.NONE)


@dataclass
class FakeBoard:
    """Levels that follow the currents, unless they are told not to, `lag` samples after the ACK."""

    lag: int = 5
    ir_counts: float = 120_000.0
    red_counts: float = 100_000.0
    follows: bool = True
    ir_follows_red: bool = False
    result: AckResult | None = AckResult.DONE
    obeys: bool = True
    commands: list[tuple[CommandCode, int]] = field(default_factory=list)
    currents: tuple[int, int] = (7200, 7200)
    _answers: list[CommandAnswered] = field(default_factory=list)
    _index: int = 0

    def command(self, code: CommandCode, argument: int) -> int:
        self.commands.append((code, argument))
        asked = (argument >> 16, argument & 0xFFFF)
        if argument and self.result is AckResult.DONE and self.obeys:
            self.currents = asked
        value = self.currents[0] << 16 | self.currents[1] if self.result is AckResult.DONE else 0
        self._answers.append(CommandAnswered(len(self.commands), code, self.result, value))
        return len(self.commands)

    def messages(self, seconds: float) -> Iterator[Message]:
        """So many seconds of both levels, constant but for the currents."""
        if not self._index:
            yield info(*self.currents)
        until = self._index + round(seconds * RATE_HZ)
        while self._index < until:
            answers, self._answers = self._answers, []
            yield from answers
            new = self._levels()
            old = new if not answers or self.lag == 0 else self._before
            self._before = new
            counts = np.array([old if i < self.lag else new for i in range(5)])
            yield from blocks_of(counts, first=self._index)
            self._index += 5

    def _levels(self) -> tuple[float, float]:
        scale = self.currents[1] / 7200 if self.follows else 1.0
        return self.ir_counts * (scale if self.ir_follows_red else 1.0), self.red_counts * scale


def pulse_at(beats_s: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    """(n,) upwards: at each beat a quick rise of unit height and a slow fall, at 125 Hz."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    after = t[:, None] - beats_s[None, :]
    shape = np.where(after > 0.0, np.minimum(after / 0.15, 1.0) * np.exp(-np.maximum(after - 0.15, 0.0) / 0.2), 0.0)
    return np.asarray(shape.sum(axis=1))


def counts_of(pulse: NDArray[np.float64], *, noise: float = 8.0, seed: int = 0) -> NDArray[np.float64]:
    """IR and RED (n, 2) of a pulse, R = 0.6, each with noise of its own."""
    random = np.random.default_rng(seed)
    ir, red = 120_000 - 3_000 * pulse, 100_000 - 1_500 * pulse
    return np.rint(np.stack([ir, red], axis=1) + noise * random.standard_normal((pulse.size, 2)))
