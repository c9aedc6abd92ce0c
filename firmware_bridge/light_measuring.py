"""The light board between its sensor and the wire, as the firmware's ``measuring.hpp``: DATA, EVENTs, lost and back."""

from collections.abc import Callable
from enum import Enum, auto
from itertools import groupby

from firmware_bridge.framing import encode_frame
from firmware_bridge.light_sensor import FULL_COUNTS, LightSensor, Reading
from firmware_bridge.protocol import (
    CLOCK_MODULUS,
    EPOCH_MODULUS,
    INDEX_MODULUS,
    SEQUENCE_MODULUS,
    DataFlags,
    DataFrame,
    EventCode,
    EventFrame,
    Frame,
    SensorFault,
)
from firmware_bridge.sealing import Seal
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.sources import LOST

TRY_S = 0.5
"""A lost sensor is tried again so often."""
ATTEMPTS = 3
FINGER_ON_COUNTS, FINGER_OFF_COUNTS = 28_000, 20_000
LEVEL_SAMPLES = 16
"""The level that tells a finger is a mean over about so many."""


class Sender:
    """Frames numbered and stamped since one boot; ``now_s`` tells the time since then.

    From when a ``seal`` is there DATA is sealed with it.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._sequence = 0
        self.restarted = True
        self.seal: Seal | None = None

    def now_s(self) -> float:
        """Seconds since the boot."""
        return self._now_s()

    def send(self, make: Callable[[DataFlags, int, int], Frame], time_s: float | None = None) -> bytes:
        """The bytes of the frame that ``make`` makes of flags, sequence and clock, which is now unless given."""
        t_us = round((self.now_s() if time_s is None else time_s) * 1e6) % CLOCK_MODULUS
        sequence, self._sequence = self._sequence, (self._sequence + 1) % SEQUENCE_MODULUS
        frame = make(DataFlags.RESTARTED if self.restarted else DataFlags.NONE, sequence, t_us)
        if self.seal and isinstance(frame, DataFrame):
            frame = self.seal.sealed(frame)
        return encode_frame(frame)


class State(Enum):
    """What the board does with its sensor."""

    MEASURING = auto()
    LOST = auto()
    STOPPED = auto()


class LightMeasuring:
    """One boot's measuring; ``late_s`` is how late the clock of the next reading is."""

    def __init__(self, sensor: LightSensor, sender: Sender, late_s: Callable[[], float]) -> None:
        self._sensor, self._sender, self._late_s = sensor, sender, late_s
        self.state = State.LOST
        self.epoch = 0
        self.last_error = SensorFault.NONE
        self._fault: SensorFault | None = None
        self._nacks = 0
        self._level: int | None = None
        self._pending = DataFlags.NONE
        self._has_measured = self._finger = False
        self._tried_s = 0.0

    def befall(self, event: SensorFaultEvent) -> None:
        """Note a fault that begins now."""
        if event.kind is FaultKind.NACK:
            self._nacks += round(event.value)
        elif event.kind is FaultKind.STUCK_BUS and event.duration_s:
            self._fault = SensorFault.BUS_TIMEOUT
        elif event.kind is FaultKind.BROWN_OUT:
            # Without power the chip answers nothing; one that has it again answers, but is not what it was made.
            self._fault = SensorFault.NACK if event.duration_s else SensorFault.BROWN_OUT

    def start(self) -> bytes:
        """Begin the sensor, in a new epoch if it measured before."""
        self._tried_s, self._fault = self._sender.now_s(), None
        back = self.state is State.LOST and self._has_measured
        fault = self._answer()
        if fault:
            self.last_error, self.state = fault, State.LOST
            return b""
        if self._has_measured:
            self.begin_epoch()
        else:
            self._sensor.restart()
        self._has_measured, self.state, self._level = True, State.MEASURING, None
        return self.event(EventCode.SENSOR_BACK) if back else b""

    def begin_epoch(self) -> None:
        """Count samples from 0 again."""
        self.epoch = (self.epoch + 1) % EPOCH_MODULUS
        self._sensor.restart()

    def step(self, *, ended: bool) -> bytes:
        """Send what the sensor holds; all of it if the recording has ``ended``."""
        if self.state is State.LOST and self._sender.now_s() >= self._tried_s + TRY_S:
            return self.start()
        if self.state is not State.MEASURING:
            return b""
        fault = self._fault or self._answer()
        if fault or self._sensor.uncountable:
            return self._lose(fault)
        late_s = self._late_s()
        return b"".join(self._data(reading, late_s) for reading in self._sensor.readings(all_of_it=ended))

    def set_steps(self, ir_steps: int, red_steps: int) -> bytes:
        """Other LED currents, in steps of 200 uA."""
        self._sensor.steps = (ir_steps, red_steps)
        return self.event(EventCode.LED_CURRENT, ir_steps << 8 | red_steps)

    def event(self, code: EventCode, detail: int = 0) -> bytes:
        """An EVENT before the sample that comes next."""
        index = self._sensor.index % INDEX_MODULUS
        return self._sender.send(
            lambda flags, sequence, t_us: EventFrame(flags, sequence, t_us, index, self.epoch, code, detail)
        )

    def _answer(self) -> SensorFault:
        """Why the sensor does not answer, or NONE; refused transfers are tried again, and counted."""
        fault, refused = self._sensor.unanswering, 0
        if not fault:
            refused = min(self._nacks, ATTEMPTS)
            self._nacks -= refused
            fault = SensorFault.NACK if refused == ATTEMPTS else SensorFault.NONE
        if fault or refused:
            self._pending |= DataFlags.I2C_RETRIED
        return fault

    def _lose(self, fault: SensorFault) -> bytes:
        """NONE is an overflow too long to be counted."""
        self.last_error = fault or self.last_error
        if fault in (SensorFault.NACK, SensorFault.BUS_TIMEOUT):
            self._pending |= DataFlags.I2C_RETRIED
        if self._sensor.uncountable:
            self._pending |= DataFlags.FIFO_OVERFLOW
        self.state = State.LOST
        return self.event(EventCode.SENSOR_LOST, fault) + self.start()

    def _data(self, reading: Reading, late_s: float) -> bytes:
        """One frame for each run of samples that were measured; they were all read at once."""
        sent = b""
        time_s = self._sender.now_s() - reading.age_s + late_s
        if reading.after_gap:
            self._pending |= DataFlags.FIFO_OVERFLOW
        pairs: list[tuple[int, int]] = reading.counts.tolist()
        for first, last in _runs(pairs):
            sent += self._frame(reading, first, pairs[first:last], time_s) + self._feel(pairs[first:last])
        return sent

    def _frame(self, reading: Reading, first: int, pairs: list[tuple[int, int]], time_s: float) -> bytes:
        own, self._pending = self._pending, DataFlags.NONE
        ir_counts, red_counts = zip(*pairs, strict=True)
        if 0 in ir_counts or 0 in red_counts or max(ir_counts) >= FULL_COUNTS or max(red_counts) >= FULL_COUNTS:
            own |= DataFlags.SATURATED
        return self._sender.send(
            lambda flags, sequence, t_us: DataFrame(
                flags | own,
                sequence,
                t_us,
                (reading.index + first) % INDEX_MODULUS,
                self.epoch,
                reading.depth - first,
                ir_counts,
                red_counts,
            ),
            time_s,
        )

    def _feel(self, pairs: list[tuple[int, int]]) -> bytes:
        """Whether a finger came or went, by the firmware's integers."""
        sent = b""
        for counts, _ in pairs:
            before = counts * LEVEL_SAMPLES if self._level is None else self._level
            self._level = before - before // LEVEL_SAMPLES + counts
            level = self._level // LEVEL_SAMPLES
            if level > FINGER_ON_COUNTS and not self._finger:
                self._finger = True
                sent += self.event(EventCode.FINGER_ON)
            elif level < FINGER_OFF_COUNTS and self._finger:
                self._finger = False
                sent += self.event(EventCode.FINGER_OFF)
        return sent


def _runs(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """First and last, exclusive, of the samples that were measured."""
    runs, first = [], 0
    for lost, group in groupby(pair[0] == LOST for pair in pairs):
        last = first + len(list(group))
        if not lost:
            runs.append((first, last))
        first = last
    return runs
