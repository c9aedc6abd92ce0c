"""The one truth of the wire: version, types, flags, limits and the layout of every frame's body.

Everything is little-endian. A body travels as ``COBS(body | crc16) 0x00`` (see ``framing``), and that
envelope and the high nibble of the first byte are the same in all versions, so that a reader can always say
which version it met. Frames of a board begin with the same eight bytes: version and type, flags, frame
sequence, microsecond clock. The sequence counts the board's frames of every type; INFO, EVENT and ACK carry
the clock at sending, DATA the clock at the reading of the FIFO.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import NamedTuple

VERSION = 1
"""The high nibble of the first byte; a change of any layout below takes the next number."""
BAUD = 115200
"""The fastest rate that every supported board's USB bridge holds exactly; 5-sample frames fill 11 %."""
MAX_SAMPLES = 5
"""Samples in a DATA frame: 40 ms at 125 Hz, unnoticed by a person, and short enough to interpolate."""
FIFO_SAMPLES = 32
"""The sensor's FIFO is this deep, so a DATA frame's depth can be no more."""
MAX_COUNTS = 0x3FFFF
"""The sensor's converter has 18 bits; a value above it is damage that the CRC missed."""
MAX_BODY = 64
"""The longest body is a sealed DATA's 53 bytes; a power of two gives the board's buffer some room."""
KEY_BYTES = 16
"""Of the key that a board and its host share: 128 bits."""
TAG_BYTES = 8
"""Of a sealed DATA frame's tag: a forger who fills the wire needs 10**9 years, and it takes 0.7 ms of the wire."""
CRC_BYTES = 2
MAX_ENCODED = MAX_BODY + CRC_BYTES + 1
"""COBS adds one byte up to 254: whatever is longer between two zeros is no frame and need not be kept."""
SEQUENCE_MODULUS = 1 << 16
CLOCK_MODULUS = 1 << 32
"""The microsecond clock wraps after 71.6 minutes."""
INDEX_MODULUS = 1 << 32
"""The sample index wraps after 397 days at 125 Hz."""
EPOCH_MODULUS = 1 << 8


class FrameType(IntEnum):
    """The low nibble of the first byte; a board sends 0-2 and 9, a host sends 8."""

    INFO = 0
    DATA = 1
    EVENT = 2
    COMMAND = 8
    ACK = 9


class DataFlags(IntFlag):
    """What the board noticed about itself; RESTARTED stays set from boot until the second INFO.

    SEALED says that a DATA frame ends with a tag, see ``sealing``.
    """

    NONE = 0
    FIFO_OVERFLOW = 1
    RESTARTED = 2
    I2C_RETRIED = 4
    SATURATED = 8
    SEALED = 16


class SensorFault(IntEnum):
    """The last error of the sensor, as INFO reports it."""

    NONE = 0
    NACK = 1
    BUS_TIMEOUT = 2
    WRONG_PART = 3
    CONFIGURATION_CLAMPED = 4
    BROWN_OUT = 5


class ChannelOrder(IntEnum):
    """How the module's LEDs are wired; a frame always has IR first, the board swaps them back."""

    GENUINE = 0
    SWAPPED = 1


class EventCode(IntEnum):
    """What an EVENT tells; only simulated boards send END_OF_RECORDING.

    SENSOR_LOST has the SensorFault as its detail; NONE there is an overflow too long to be counted. LED_CURRENT
    says that the level of the next samples steps, with the currents in 200 uA: IR in the detail's high byte, RED
    in the low one.
    """

    SENSOR_LOST = 1
    SENSOR_BACK = 2
    FINGER_ON = 3
    FINGER_OFF = 4
    LED_CURRENT = 5
    END_OF_RECORDING = 0x80


class CommandCode(IntEnum):
    """What a host can ask of a board: ``argument`` of the COMMAND, and ``value`` of its ACK if DONE.

    A command whose argument cannot be is REFUSED, one that the sensor did not carry out FAILED.
    """

    LED_CURRENT = 1
    """IR uA in the high half, RED uA in the low one; 0 = the board chooses. The value is what was set."""
    START = 2
    """Measure; the value is the epoch. A board measures from its boot on."""
    STOP = 3
    """Switch the LEDs off and send no DATA; START begins a new epoch. The value is the epoch."""
    IDENTIFY = 4
    """Blink the board's own light for so many seconds, 1-60; the value is the argument."""
    SELF_TEST = 5
    """DONE or FAILED; the value is the SelfTest bits of what is wrong, 0 = nothing."""
    NONCE = 6
    """A number the board keeps until its next boot; 0 only asks. The value is the number it keeps.

    A board that has a key seals its DATA with that number from then on.
    """


class SelfTest(IntFlag):
    """What a board's self-test found wrong: no such part, not as configured, no samples."""

    NONE = 0
    PART = 1
    CONFIGURATION = 2
    SAMPLES = 4


class AckResult(IntEnum):
    """How a board answers a COMMAND."""

    DONE = 0
    REFUSED = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """What a board says of itself in each INFO: registers as read back, currents in uA, rate in mHz."""

    firmware_version: tuple[int, int, int]
    part_id: int
    last_error: SensorFault
    fifo_config: int
    spo2_config: int
    ir_current_ua: int
    red_current_ua: int
    nominal_rate_mhz: int
    channel_order: ChannelOrder


@dataclass(frozen=True, slots=True)
class InfoFrame:
    """Sent at boot and every second; ``t_us`` in microseconds modulo 2**32."""

    flags: DataFlags
    sequence: int
    t_us: int
    epoch: int
    info: BoardInfo


class DataFrame(NamedTuple):
    """One to five samples in counts; a tuple, which is made in a fifth of the time of a frozen dataclass.

    ``index`` is that of the first sample; it counts the lost ones, and starts from 0 in each epoch.
    ``fifo_depth`` counts from the first sample of this frame to the newest one held when ``t_us`` was read.
    A FIFO that ran over holds the samples before the gap, and the clock is then that of the newest of them;
    FIFO_OVERFLOW is on the first frame after the gap. ``tag`` is that of a SEALED frame, and empty of any other.
    """

    flags: DataFlags
    sequence: int
    t_us: int
    index: int  # type: ignore[assignment]  # nobody looks a value up in a frame
    epoch: int
    fifo_depth: int
    ir_counts: tuple[int, ...]
    red_counts: tuple[int, ...]
    tag: bytes = b""


@dataclass(frozen=True, slots=True)
class EventFrame:
    """Something that happened; ``index`` is that of the sample that comes next."""

    flags: DataFlags
    sequence: int
    t_us: int
    index: int
    epoch: int
    code: EventCode
    detail: int


@dataclass(frozen=True, slots=True)
class CommandFrame:
    """From the host; ``sequence`` is the host's own and comes back in the ACK."""

    sequence: int
    code: CommandCode
    argument: int


@dataclass(frozen=True, slots=True)
class AckFrame:
    """A board's answer to the command numbered ``command_sequence``."""

    flags: DataFlags
    sequence: int
    t_us: int
    command_sequence: int
    code: CommandCode
    result: AckResult
    value: int


Frame = InfoFrame | DataFrame | EventFrame | CommandFrame | AckFrame

INFO_LAYOUT = struct.Struct("<BBHI B 3B B B B B H H I B")
"""Head; epoch, firmware x.y.z, part id, last error, 0x08, 0x0A, IR uA, RED uA, rate mHz, channel order."""
DATA_HEAD_LAYOUT = struct.Struct("<BBHI I B B B")
"""Head; index, epoch, FIFO depth, n; then n times IR u24, RED u24; then the tag, if SEALED."""
EVENT_LAYOUT = struct.Struct("<BBHI I B B H")
"""Head; index, epoch, code, detail."""
COMMAND_LAYOUT = struct.Struct("<BBH B I")
"""Type, zero, sequence; code, argument."""
ACK_LAYOUT = struct.Struct("<BBHI H B B I")
"""Head; sequence of the command, code, result, value."""
