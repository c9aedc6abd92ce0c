"""A MAX30102 as its I2C bus sees it, measuring a pulse source: one sample of the source a sample of its own.

The model knows SpO2 mode only, in which the project's firmware runs it: in any other nothing is measured. It has no
interrupts, no temperature and one converter range.
"""

from collections.abc import Callable
from enum import IntEnum

from firmware_bridge.protocol import FIFO_SAMPLES, MAX_COUNTS
from firmware_bridge.sources import LOST, PulseSource

ADDRESS = 0x57
PART_ID, REVISION = 0x15, 0x03
DEFAULT_STEPS = 36
"""The LED current, in 0.2 mA, at which the source's counts are what is measured: that of the firmware's boot."""
AIR_IR_COUNTS, AIR_RED_COUNTS = 2_000, 1_600
"""Nothing on the sensor: what the cover glass reflects at the default current."""
RESET_S = 0.0005
SOURCE_RATE_HZ = 125.0
"""At which the source's pulse goes on while nothing is measured."""
MOST_OVERFLOWS = 31
RATES_HZ = (50, 100, 200, 400, 800, 1000, 1600, 3200)
FASTEST_RATE = (6, 5, 4, 3)
"""For each pulse width, which of the rates two LEDs have the time for; one that asks for more gets this."""


class Register(IntEnum):
    """Those that do something."""

    FIFO_WRITE = 0x04
    OVERFLOWS = 0x05
    FIFO_READ = 0x06
    FIFO_DATA = 0x07
    FIFO_CONFIG = 0x08
    MODE = 0x09
    SPO2_CONFIG = 0x0A
    LED1 = 0x0C
    LED2 = 0x0D
    REVISION = 0xFE
    PART_ID = 0xFF


RESET, SHUTDOWN, SPO2 = 0x40, 0x80, 0x03
ROLL_OVER = 0x10
BYTES = 6
"""Of a sample: LED1 and LED2, three bytes each."""


class SensorModel:
    """Measures ``source``, which goes on unseen, a sample each 8 ms, while the chip measures nothing.

    A lost sample of the source is the one before it once more, since a converter always says something; after the
    source's end there is no finger on the sensor.

    Args:
        source: its counts are those at the default LED current.
        now_s: the time, never going back.
        swapped: a clone whose RED and IR LEDs are in each other's place.
        clock_error: share by which the chip's own clock is fast.
    """

    def __init__(
        self, source: PulseSource, now_s: Callable[[], float], *, swapped: bool = False, clock_error: float = 0.0
    ) -> None:
        self._saturated = self._finger_off = False
        self._refusals = 0
        self._source = source
        self._now_s = now_s
        self._swapped = swapped
        self._clock_rate = 1.0 + clock_error
        self._read_s: float | None = None
        self._counts = (AIR_IR_COUNTS, AIR_RED_COUNTS)
        self._powered = True
        self._lose_registers()

    @property
    def due_s(self) -> float | None:
        """When the next sample is measured, if any is."""
        return self._begun_s + (self._measured + 1) * self._period_s if self._measures else None

    def tick(self) -> None:
        """Measure all that is due by now."""
        while self.due_s is not None and self.due_s <= self._now_s():
            self._read_s = self.due_s
            self._measured += 1
            self._push(self._sample())

    def power(self, on: bool) -> None:
        """Cut the supply, or give it back; what the chip knew is gone."""
        self._powered = on
        self._lose_registers()

    def refuse(self, transfers: int) -> None:
        """Do not acknowledge the next so many starts."""
        self._refusals = transfers

    def saturate(self, on: bool) -> None:
        """Give full scale in both channels, or what the source has again."""
        self._saturated = on

    def take_finger_off(self, off: bool) -> None:
        """See open air, while the source goes on unseen, or the finger again."""
        self._finger_off = off

    def addressed(self, address: int, reading: bool) -> bool:
        """A start on the bus; whether the chip answers."""
        if address != ADDRESS:
            return False
        if self._refusals:
            self._refusals -= 1
            return False
        self._drop_begun_sample()
        self._pointer_comes = not reading
        return self._powered

    def written(self, byte: int) -> None:
        """The register's number, then its content and that of those after it."""
        if self._pointer_comes:
            self._pointer, self._pointer_comes = byte, False
            return
        if self._powered:
            self._put(self._pointer, byte)
        self._advance_pointer()

    def read(self) -> int:
        """The content of the register whose turn it is."""
        if not self._powered:
            return 0xFF
        value = self._next_byte() if self._pointer == Register.FIFO_DATA else self._get(self._pointer)
        self._advance_pointer()
        return value

    def stopped(self) -> None:
        """The end of a transfer."""
        self._drop_begun_sample()

    @property
    def _measures(self) -> bool:
        return self._powered and self._registers[Register.MODE] & (RESET | SHUTDOWN | 0x07) == SPO2

    @property
    def _period_s(self) -> float:
        averages = 1 << min(self._registers[Register.FIFO_CONFIG] >> 5, 5)
        rate_hz = RATES_HZ[self._registers[Register.SPO2_CONFIG] >> 2 & 7]
        return averages / (rate_hz * self._clock_rate)

    def _lose_registers(self) -> None:
        self._registers = bytearray(256)
        self._registers[Register.REVISION], self._registers[Register.PART_ID] = REVISION, PART_ID
        self._fifo = [bytes(BYTES)] * FIFO_SAMPLES
        self._write = self._first = self._held = self._overflows = 0
        self._pointer, self._pointer_comes, self._byte = 0, False, 0
        self._measured: int = 0
        self._begun_s: float = 0.0
        self._reset_until_s: float = 0.0

    def _sample(self) -> bytes:
        counts = self._source.read(1)
        if len(counts) and counts[0, 0] != LOST:
            self._counts = (int(counts[0, 0]), int(counts[0, 1]))
        ir, red = self._counts if len(counts) and not self._finger_off else (AIR_IR_COUNTS, AIR_RED_COUNTS)
        if self._saturated:
            ir = red = MAX_COUNTS * DEFAULT_STEPS
        led1, led2 = (ir, red) if self._swapped else (red, ir)
        return self._converted(led1, Register.LED1) + self._converted(led2, Register.LED2)

    def _converted(self, counts: int, led: Register) -> bytes:
        """At the LED's current, and with as many bits as the pulse width allows, left-justified to 18."""
        scaled = min(counts * self._registers[led] // DEFAULT_STEPS, MAX_COUNTS)
        unknown_bits = 3 - (self._registers[Register.SPO2_CONFIG] & 3)
        return (scaled >> unknown_bits << unknown_bits).to_bytes(3, "big")

    def _push(self, sample: bytes) -> None:
        if self._held == FIFO_SAMPLES:
            self._overflows = min(self._overflows + 1, MOST_OVERFLOWS)
            if not self._registers[Register.FIFO_CONFIG] & ROLL_OVER:
                return
            self._pop()
        self._fifo[self._write] = sample
        self._write = (self._write + 1) % FIFO_SAMPLES
        self._held += 1

    def _pop(self) -> None:
        self._first = (self._first + 1) % FIFO_SAMPLES
        self._held -= 1
        self._byte = 0

    def _next_byte(self) -> int:
        if not self._held:
            return 0
        value = self._fifo[self._first][self._byte]
        self._byte += 1
        if self._byte == BYTES:
            self._pop()
            self._overflows = 0
        return value

    def _drop_begun_sample(self) -> None:
        """A sample that was read in part is gone."""
        if self._byte:
            self._pop()
            self._overflows = 0

    def _advance_pointer(self) -> None:
        if self._pointer != Register.FIFO_DATA:
            self._pointer = (self._pointer + 1) % 256

    def _get(self, register: int) -> int:
        if register == Register.MODE and self._now_s() >= self._reset_until_s:
            self._registers[register] &= ~RESET
        pointers = {
            Register.FIFO_WRITE: self._write,
            Register.OVERFLOWS: self._overflows,
            Register.FIFO_READ: self._first,
        }
        return pointers.get(register, self._registers[register])  # type: ignore[call-overload, no-any-return]

    def _put(self, register: int, value: int) -> None:
        if register == Register.MODE and value & RESET:
            self._lose_registers()
            self._registers[Register.MODE] = RESET
            self._reset_until_s = self._now_s() + RESET_S
        elif register in (Register.FIFO_WRITE, Register.FIFO_READ):
            self._move(register, value % FIFO_SAMPLES)
        elif register == Register.OVERFLOWS:
            self._overflows = min(value, MOST_OVERFLOWS)
        elif register not in (Register.REVISION, Register.PART_ID):
            self._configure(register, value)

    def _move(self, register: int, place: int) -> None:
        """Equal pointers that were written mean an empty FIFO."""
        if register == Register.FIFO_WRITE:
            self._write = place
        else:
            self._first = place
        self._held = (self._write - self._first) % FIFO_SAMPLES

    def _configure(self, register: int, value: int) -> None:
        if register == Register.SPO2_CONFIG:
            rate = min(value >> 2 & 7, FASTEST_RATE[value & 3])
            value = value & 0x63 | rate << 2
        before = self._measures, self._period_s
        self._registers[register] = value
        if self._measures and (True, self._period_s) != before:
            self._begin()

    def _begin(self) -> None:
        """The first measurement begins at the source's first sample, a later one where time has taken it."""
        self._measured, self._begun_s = 0, self._now_s()
        if self._read_s is not None:
            missed = int((self._begun_s - self._read_s) * SOURCE_RATE_HZ * self._clock_rate)
            self._source.read(missed)
            self._read_s += missed / (SOURCE_RATE_HZ * self._clock_rate)
