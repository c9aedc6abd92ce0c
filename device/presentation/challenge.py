"""A challenge of the light: RED's current steps at random moments, and its level must follow.

Recognition sees infrared alone, so RED is free. The light of a finger is the LEDs' own, reflected: its level is
proportional to the current. A lamp that plays a pulse, or a board that plays samples, has levels of its own. What
scales its samples as it is told does follow: only a sealed wire keeps such a board out.
"""

import math
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from random import Random
from typing import ClassVar

import numpy as np

from device.errors import PresentationError, PresentationErrorReason
from device.presentation.findings import Finding, PresentationReason, State
from device.presentation.recent import FINGER_COUNTS
from firmware_bridge import (
    BoardInfo,
    CommandAnswered,
    LinkLost,
    Message,
    PortError,
    PortReason,
    SampleBlock,
    SketchInfo,
)
from firmware_bridge.protocol import AckResult, CommandCode

Command = Callable[[CommandCode, int], int]
Levels = tuple[float, float]
"""Mean counts of infrared and RED."""

ROUNDS = 2
"""That must be passed in an attempt; more are played as long as it lasts."""
MOST_FAILED = 1
"""One may be spoilt by a movement."""
WARM_UP_S = 2.0
"""From the finger on: the board's own search for currents is over, and its INFO has told them."""
LEAST_WAIT_S, MOST_WAIT_S = 0.3, 1.5
LEVEL_SAMPLES = 10
"""A level is a mean over 80 ms: the pulse moves it by a percent or so."""
SETTLING_SAMPLES = 12
"""After the ACK: the FIFO holds up to 10 older samples, and one is averaged from 8 conversions on both sides."""
LEAST_FACTOR, MOST_FACTOR = 0.6, 1.4
"""Of the current that the board chose."""
LEAST_STEP = 0.2
"""Of each step, in natural logarithms of the level: a fifth."""
TOLERANCE = 0.08
"""Of a level's step in natural logarithms. In 18,877 rounds on BIDMC recordings the worse channel deviates by 0.009 in
the median, by 0.025 in 1 of 100 and by more than this in one; a simulated wearer by 0.025 at most. What does not follow
at all deviates by LEAST_STEP and more."""
MOST_COUNTS = 230_000.0
"""Where RED would be brighter, motion could saturate it: full scale is 262,143."""
STEP_UA, MOST_STEPS = 200, 127
"""Of the sensor's currents; 25 mA is the most that the board itself chooses."""


class _Phase(Enum):
    WAITING = auto()
    ASKED = auto()
    SETTLING = auto()


class Challenge:
    """Plays rounds with a board's RED LED; `command` sends to it, as `BoardReader.command`.

    Raises, in `take`:
        PresentationError: NO_COMMANDS of a text sketch. PortError: what `command` raises of a board that is there;
        one that is gone is not asked, and passes nothing.
    """

    name: ClassVar[str] = "LED challenge"

    def __init__(self, command: Command, random: Random) -> None:
        self._command, self._random = command, random
        self._currents: tuple[int, int] | None = None
        self._home: tuple[int, int] | None = None
        self._epoch: int | None = None
        self._next_index = 0
        self._rate_hz = 125.0
        self.reset()

    @property
    def finding(self) -> Finding:
        """See `Check`."""
        text = f"{self._passed} of {self._passed + len(self._failures)} rounds followed"
        if len(self._failures) > MOST_FAILED:
            return Finding(State.ATTACK, text, self._failures[-1])
        return Finding(State.PASSED if self._passed >= ROUNDS else State.PENDING, text)

    def take(self, message: Message) -> None:
        """Take the next message, and perhaps send a command."""
        if isinstance(message, SampleBlock):
            self._measure(message)
        elif isinstance(message, CommandAnswered):
            if message.code is CommandCode.LED_CURRENT:
                self._answered(message)
        elif isinstance(message, BoardInfo):
            self._currents = (message.ir_current_ua, message.red_current_ua)
            self._rate_hz = message.nominal_rate_mhz / 1000 or self._rate_hz
        elif isinstance(message, LinkLost):
            # A board that comes back has booted: its currents are its own again, and it will tell them.
            self._home = self._currents = None
            self._warm_up()
        elif isinstance(message, SketchInfo):
            raise PresentationError(
                PresentationErrorReason.NO_COMMANDS,
                "a text sketch takes no commands and cannot be challenged: flash pulsekey's firmware, "
                "or accept replays with --challenge off",
            )

    def reset(self) -> None:
        """Begin a new attempt; until then the board chooses its currents itself."""
        self._passed = 0
        self._failures: list[PresentationReason] = []
        self._warm_up()
        self.close()

    def close(self) -> None:
        """Give the currents back to the board, if they were taken."""
        home, self._home = self._home, None
        if home is not None:
            self._send(home[0] << 16 | home[1])
            self._send(0)

    def _send(self, argument: int) -> int | None:
        """The command's sequence; None if the board is gone, which messages that still wait do not know yet."""
        try:
            return self._command(CommandCode.LED_CURRENT, argument)
        except PortError as error:
            if error.reason not in (PortReason.SILENT, PortReason.UNPLUGGED):
                raise
            return None

    def _warm_up(self) -> None:
        self._levels: deque[Levels] = deque(maxlen=LEVEL_SAMPLES)
        self._wait(WARM_UP_S)

    def _wait(self, least_s: float = 0.0) -> None:
        self._phase = _Phase.WAITING
        wait_s = least_s + self._random.uniform(LEAST_WAIT_S, MOST_WAIT_S)
        self._left = round(wait_s * self._rate_hz)

    def _measure(self, block: SampleBlock) -> None:
        follows = block.index == self._next_index
        another, self._epoch = block.epoch != self._epoch, block.epoch
        self._next_index = block.index + len(block.ir_counts)
        if another or block.ir_counts.mean() < FINGER_COUNTS:
            self._passed = 0
            self._warm_up()
            return
        if not follows:
            self._levels.clear()  # a level is a mean of consecutive samples
        self._levels.extend(zip(block.ir_counts.tolist(), block.red_counts.tolist(), strict=True))
        self._left -= len(block.ir_counts)
        if self._left > 0 or len(self._levels) < LEVEL_SAMPLES:
            return
        if self._phase is _Phase.SETTLING:
            self._judge()
        elif self._phase is _Phase.WAITING and self._currents is not None:
            self._ask(self._currents)

    def _ask(self, currents: tuple[int, int]) -> None:
        self._home = self._home or currents
        asked = self._choose(self._home, currents)
        if asked is None:
            self._fail(PresentationReason.CHALLENGE_NOT_DONE)
            return
        sequence = self._send(asked[0] << 16 | asked[1])
        if sequence is None:
            self._wait()
            return
        self._phase, self._asked, self._sequence = _Phase.ASKED, asked, sequence

    def _choose(self, home: tuple[int, int], now: tuple[int, int]) -> tuple[int, int] | None:
        """Infrared as it is, and a random other current for RED; None where there is none."""
        red_counts = self._level()[1]
        possible = [
            steps * STEP_UA
            for steps in range(1, MOST_STEPS + 1)
            if now[1]
            and LEAST_FACTOR <= steps * STEP_UA / home[1] <= MOST_FACTOR
            and abs(math.log(steps * STEP_UA / now[1])) >= LEAST_STEP
            and red_counts * steps * STEP_UA / now[1] <= MOST_COUNTS
        ]
        return (now[0], self._random.choice(possible)) if possible else None

    def _answered(self, answer: CommandAnswered) -> None:
        before = self._currents
        if answer.result is AckResult.DONE:
            self._currents = (answer.value >> 16, answer.value & 0xFFFF)
        if self._phase is not _Phase.ASKED or answer.sequence != self._sequence:
            return
        if len(self._levels) < LEVEL_SAMPLES:
            self._wait()
        elif answer.result is not AckResult.DONE or self._currents != self._asked or before is None:
            self._fail(PresentationReason.CHALLENGE_NOT_DONE)
        else:
            self._before = self._level()
            self._expected = math.log(self._asked[1] / before[1])
            self._phase, self._left = _Phase.SETTLING, SETTLING_SAMPLES + LEVEL_SAMPLES

    def _judge(self) -> None:
        """The samples that came last are those after the step."""
        pairs = zip(self._level(), self._before, strict=True)
        # A dark channel has counts of 0.
        ir, red = (math.log(max(now, 1.0) / max(then, 1.0)) for now, then in pairs)
        if max(abs(ir), abs(red - self._expected)) > TOLERANCE:
            self._fail(PresentationReason.LIGHT_NOT_FOLLOWED)
            return
        self._passed += 1
        self._wait()

    def _fail(self, reason: PresentationReason) -> None:
        self._failures.append(reason)
        self._wait()

    def _level(self) -> Levels:
        ir, red = np.mean(self._levels, axis=0).tolist()
        return ir, red
