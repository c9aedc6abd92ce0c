"""The light board: the bytes that a real board would send, in virtual time, of anything that has a pulse."""

from collections import deque
from collections.abc import Iterator, Sequence
from enum import StrEnum

import numpy as np

from firmware_bridge.framing import END, FrameDecoder
from firmware_bridge.light_measuring import LightMeasuring, Sender, State
from firmware_bridge.light_sensor import DEFAULT_STEPS, LightSensor
from firmware_bridge.packets import Packet
from firmware_bridge.protocol import (
    MAX_SAMPLES,
    AckFrame,
    AckResult,
    BoardInfo,
    ChannelOrder,
    CommandCode,
    CommandFrame,
    EventCode,
    Frame,
    InfoFrame,
    SelfTest,
)
from firmware_bridge.sealing import Seal, check_key
from firmware_bridge.sensor_faults import FaultKind, FaultSchedule, SensorFaultEvent
from firmware_bridge.sources import PulseSource

INFO_PERIOD_S = 1.0
FIRMWARE_VERSION = (1, 0, 0)
PART_ID = 0x15
FIFO_CONFIG, SPO2_CONFIG = 0x60, 0x35
"""8 averages; 1000 sps at 118 us and 16 bits: together 125 Hz."""
UA_PER_STEP = 200
LED_CURRENT_UA = DEFAULT_STEPS * UA_PER_STEP
FULL_SCALE_STEPS = 0xFF
MOST_BLINK_S = 60


class Epilogue(StrEnum):
    """What a board does when its source has ended: say so and be silent, or begin it again in a new epoch."""

    END = "end"
    LOOP = "loop"


class LightBoard:
    """Simulates a board that measures ``source`` at the source's own rate, five samples' time at each step.

    Samples that the source lost take their index and are not sent. The board can boot many times; the source
    goes on, also while the sensor is lost or stopped. Commands are answered as the firmware does, but LED
    currents stay where they were put, since nothing here follows the signal, there is no light to blink, and a
    command of no known code is not answered.

    Args:
        nominal_rate_hz: what INFO says, if not the source's rate.
        faults: of the sensor, with the effects on the wire that the firmware gives them.
        swapped: RED and IR are in each other's place, and INFO does not know.
        emitted: the source is a light of its own before the sensor, which LED currents do not change.
        jitter_s: the clock of each reading is late by up to this, drawn from ``seed``.
        key: 16 bytes, with which DATA is sealed once a nonce has come.
    """

    def __init__(
        self,
        source: PulseSource,
        epilogue: Epilogue = Epilogue.END,
        *,
        nominal_rate_hz: float | None = None,
        faults: Sequence[SensorFaultEvent] = (),
        swapped: bool = False,
        emitted: bool = False,
        jitter_s: float = 0.0,
        seed: int = 0,
        key: bytes | None = None,
    ) -> None:
        self._faults = FaultSchedule(faults)
        self._sensor = LightSensor(source, self._faults, swapped, emitted)
        self._epilogue = epilogue
        self._rate_mhz = round((nominal_rate_hz or source.rate_hz) * 1000)
        self._jitter_s = jitter_s
        if key is not None:
            check_key(key)
        self._key = key
        self._random = np.random.default_rng(seed)
        self._received: deque[bytes] = deque()

    def boot(self) -> Iterator[Packet]:
        """Everything the board sends from its boot on, in the order and at the times it does."""
        rate_hz, measured = self._sensor.rate_hz, 0
        yield Packet(0.0, self._begin())
        while True:
            n = self._sensor.measure(running=self._measuring.state is State.MEASURING)
            measured += n
            ended = n < MAX_SAMPLES
            yield Packet(measured / rate_hz, self._step(ended))
            if ended and self._epilogue is Epilogue.END:
                yield Packet(measured / rate_hz, self._measuring.event(EventCode.END_OF_RECORDING))
                return
            if ended:
                self._sensor.rewind()
                self._measuring.begin_epoch()

    def receive(self, data: bytes) -> None:
        """Take bytes from the host, from any thread; the board answers at its next step."""
        self._received.append(data)

    def _begin(self) -> bytes:
        """The microcontroller begins: what it knew is forgotten."""
        # Nothing below refers back to the board, so that one that is unplugged is gone at once, with its source.
        sensor, jitter_s, random = self._sensor, self._jitter_s, self._random
        began = sensor.lived
        self._sender = Sender(lambda: (sensor.lived - began) / sensor.rate_hz)
        sensor.steps = (DEFAULT_STEPS, DEFAULT_STEPS)
        self._measuring = LightMeasuring(sensor, self._sender, lambda: jitter_s * random.random())
        self._decoder = FrameDecoder()
        self._received.clear()
        self._nonce = 0
        self._next_info_s = INFO_PERIOD_S
        return END + self._measuring.start() + self._information()

    def _step(self, ended: bool) -> bytes:
        for event in self._faults.take(self._sensor.lived_s):
            if event.kind is FaultKind.RESET:
                return self._begin()
            self._measuring.befall(event)
        if self._faults.lasts(FaultKind.OVERFLOW, self._sensor.lived_s) and not ended:
            return b""
        sent = b"".join(self._obey(command) for command in self._commands())
        if self._sender.now_s() >= self._next_info_s:
            self._next_info_s += INFO_PERIOD_S
            self._sender.restarted = False
            sent += self._information()
        return sent + self._measuring.step(ended=ended)

    def _information(self) -> bytes:
        info = self._info()
        return self._sender.send(
            lambda flags, sequence, t_us: InfoFrame(flags, sequence, t_us, self._measuring.epoch, info)
        )

    def _info(self) -> BoardInfo:
        """What a sensor that was lost would say cannot be read back: zeros."""
        state, last_error = self._measuring.state, self._measuring.last_error
        if state is State.LOST:
            return BoardInfo(FIRMWARE_VERSION, 0, last_error, 0, 0, 0, 0, 0, ChannelOrder.GENUINE)
        ir_ua, red_ua = (steps * UA_PER_STEP for steps in self._sensor.steps)
        rate_mhz = self._rate_mhz if state is State.MEASURING else 0
        return BoardInfo(
            FIRMWARE_VERSION,
            PART_ID,
            last_error,
            FIFO_CONFIG,
            SPO2_CONFIG,
            ir_ua,
            red_ua,
            rate_mhz,
            ChannelOrder.GENUINE,
        )

    def _commands(self) -> list[CommandFrame]:
        frames: list[Frame] = []
        while self._received:
            frames += self._decoder.feed(self._received.popleft())
        return [frame for frame in frames if isinstance(frame, CommandFrame)]

    def _obey(self, command: CommandFrame) -> bytes:
        sent, result, value = self._carry_out(command.code, command.argument)
        return sent + self._sender.send(
            lambda flags, sequence, t_us: AckFrame(flags, sequence, t_us, command.sequence, command.code, result, value)
        )

    def _carry_out(self, code: CommandCode, argument: int) -> tuple[bytes, AckResult, int]:
        """What is sent before the ACK, and what the ACK says."""
        measuring = self._measuring
        if code is CommandCode.LED_CURRENT:
            return self._choose_currents(argument)
        if code is CommandCode.START:
            sent = measuring.start() if measuring.state is State.STOPPED else b""
            return sent, _done(measuring.state is State.MEASURING), measuring.epoch
        if code is CommandCode.STOP:
            measuring.state = State.STOPPED
            return b"", AckResult.DONE, measuring.epoch
        if code is CommandCode.IDENTIFY:
            possible = 1 <= argument <= MOST_BLINK_S
            return b"", AckResult.DONE if possible else AckResult.REFUSED, argument if possible else 0
        if code is CommandCode.SELF_TEST:
            wrong = self._wrong()
            return b"", _done(not wrong), wrong
        self._nonce = argument or self._nonce
        if self._key and argument:
            self._sender.seal = Seal(self._key, argument)
        return b"", AckResult.DONE, self._nonce

    def _choose_currents(self, argument: int) -> tuple[bytes, AckResult, int]:
        ir_steps, red_steps = (argument >> 16) // UA_PER_STEP, (argument & 0xFFFF) // UA_PER_STEP
        if max(ir_steps, red_steps) > FULL_SCALE_STEPS:
            return b"", AckResult.REFUSED, 0
        if self._measuring.state is not State.MEASURING:
            return b"", AckResult.FAILED, 0
        sent = self._measuring.set_steps(ir_steps, red_steps) if argument else b""
        ir_ua, red_ua = (steps * UA_PER_STEP for steps in self._sensor.steps)
        return sent, AckResult.DONE, ir_ua << 16 | red_ua

    def _wrong(self) -> SelfTest:
        """What the self-test finds: a sensor that sleeps is there, but neither as configured nor measuring."""
        if self._measuring.state is State.MEASURING:
            return SelfTest.NONE
        asleep = SelfTest.CONFIGURATION | SelfTest.SAMPLES
        return asleep if self._measuring.state is State.STOPPED else asleep | SelfTest.PART


def _done(so: bool) -> AckResult:
    return AckResult.DONE if so else AckResult.FAILED
