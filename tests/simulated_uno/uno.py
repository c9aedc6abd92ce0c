"""The executed board: the compiled sketch on a simulated Uno, its sensor measuring a pulse source."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

from firmware_bridge.packets import Packet
from firmware_bridge.protocol import BAUD
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.sources import PulseSource
from tests.simulated_uno.sensor import SensorModel
from tests.simulated_uno.shim import CLOCK_HZ, Mcu, Wires

SLICE_S = 0.005
"""Bytes of so long a time are one packet; a DATA frame takes 4.5 ms on the wire."""
RECEIVING_S = 0.001
RECEIVED_BYTES = int(BAUD / 10 * RECEIVING_S)
"""What the line carries from the host in that time, and no more than simavr takes at once."""

Action = tuple[float, Callable[[], None]]


class SimulatedUno:
    """A ``Board`` (see firmware_bridge.packets) that executes ``elf``, in virtual time.

    Whatever rate the source has, each sample that the sensor measures is the source's next: as the firmware
    configures it, 125 in a second of the sensor's own clock.

    Args:
        elf: the sketch, built by firmware_bridge/firmware/uno.mk.
        source: what the sensor measures; after its end there is no finger on it.
        faults: what goes wrong, and when.
        seconds: each boot's packets end after so long; without, never.
        swapped: see SensorModel, as is ``clock_error``.

    Raises:
        SimulatorMissingError: simavr, or a compiler for what binds it, is not installed.
    """

    def __init__(
        self,
        elf: Path,
        source: PulseSource,
        *,
        faults: Iterable[SensorFaultEvent] = (),
        seconds: float | None = None,
        swapped: bool = False,
        clock_error: float = 0.0,
    ) -> None:
        self._sent = bytearray()
        self._received: deque[int] = deque()
        self._seconds = seconds
        self._sensor = SensorModel(source, self._now_s, swapped=swapped, clock_error=clock_error)
        self._mcu = Mcu(elf, Wires(self._sent.append, self._sensor))
        actions = [action for fault in faults for action in self._actions(fault)]
        self._planned = deque(sorted(actions, key=lambda action: action[0]))

    @property
    def light(self) -> bool:
        """Whether the board's own light is on."""
        return self._mcu.light

    def boot(self) -> Iterator[Packet]:
        """Reset the microcontroller, then everything it sends; the sensor notices nothing until it is begun."""
        self._mcu.reset()
        self._sent.clear()
        self._received.clear()
        booted_s = self._now_s()
        for number in count(1):
            due_s = number * SLICE_S
            if self._seconds is not None and due_s > self._seconds:
                return
            self._run(booted_s + due_s)
            if self._sent:
                data = bytes(self._sent)
                self._sent.clear()
                yield Packet(due_s, data)

    def receive(self, data: bytes) -> None:
        """Bytes from the host; they reach the board no faster than the line carries them."""
        self._received.extend(data)

    def _now_s(self) -> float:
        return self._mcu.cycles / CLOCK_HZ

    def _run(self, until_s: float) -> None:
        """Run, and stop wherever something outside the microcontroller happens."""
        while self._now_s() < until_s:
            while self._planned and self._planned[0][0] <= self._now_s():
                self._planned.popleft()[1]()
            pause_s = min(until_s, self._planned[0][0]) if self._planned else until_s
            if self._sensor.due_s is not None:
                pause_s = min(pause_s, self._sensor.due_s)
            if self._received:
                pause_s = min(pause_s, self._now_s() + RECEIVING_S)
                n = min(RECEIVED_BYTES, len(self._received))
                self._mcu.receive(bytes(self._received.popleft() for _ in range(n)))
            # Never not at all, whichever way the product was rounded.
            self._mcu.run(int(pause_s * CLOCK_HZ) + 1)
            self._sensor.tick()

    def _actions(self, fault: SensorFaultEvent) -> list[Action]:
        """What begins a fault and, if it lasts, what ends it."""
        mcu, sensor = self._mcu, self._sensor
        if fault.kind is FaultKind.RESET:
            return [(fault.at_s, mcu.reset)]
        if fault.kind is FaultKind.NACK:
            return [(fault.at_s, lambda: sensor.refuse(int(fault.value)))]
        switch: Callable[[bool], None] = {
            FaultKind.OVERFLOW: mcu.hold_program,
            FaultKind.STUCK_BUS: mcu.hold_bus,
            FaultKind.BROWN_OUT: lambda on: sensor.power(not on),
            FaultKind.SATURATED: sensor.saturate,
            FaultKind.FINGER_OFF: sensor.take_finger_off,
        }[fault.kind]
        return [(fault.at_s, lambda: switch(True)), (fault.at_s + fault.duration_s, lambda: switch(False))]
