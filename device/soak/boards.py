"""Boards that are plugged in one after the other under one name, each with its faults, until the signal is over."""

import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Self

from device.soak.injecting import UNPLUG, BoardPlan, Injecting
from device.soak.wearing import WornSensor
from firmware_bridge import LightBoard
from firmware_bridge.clocked_source import ClockedSource
from firmware_bridge.packets import Packet
from firmware_bridge.plugged_board import PluggedBoard
from firmware_bridge.wire_faults import WireDamage, WireFaults

ABSENT_S = (0.0, 0.5)
"""Of wall time: a reader that finds no board waits longer and longer, and all the while no signal passes."""
MOST_HASTE = 1.1
"""Of the speed asked for: a silence of a second more than a reader bears must stay too long for it."""
_LOOK_S = 0.2


def haste(behind_s: float, lives_s: float) -> float:
    """Of the speed asked for, at which a board makes up in its life for the time in which there was none."""
    return 1.0 + min(MOST_HASTE - 1.0, max(0.0, behind_s) / lives_s)


class FaultyBoard:
    """A `Board` by a plan; `over` is set when its life is, and it goes on until it is unplugged."""

    def __init__(self, sensor: WornSensor, plan: BoardPlan, befallen: Callable[[str], None], seed: int) -> None:
        """`befallen` hears the name of each fault as it begins."""
        self._plan, self._befallen = plan, befallen
        source = ClockedSource(sensor, plan.clock_error) if plan.clock_error else sensor
        self._light = LightBoard(
            source,
            nominal_rate_hz=sensor.rate_hz,
            faults=[fault.sensor for fault in plan.faults if fault.sensor is not None],
            swapped=plan.swapped,
            jitter_s=plan.jitter_s,
            seed=seed,
        )
        # The wire belongs to the board: were it to hold the board too, both would wait for the garbage collector.
        self._wire = WireFaults(weakref.proxy(self), WireDamage(), seed)
        self._waiting = list(reversed(plan.faults))
        self._damaged_until_s = 0.0
        self._lived_s = 0.0
        self.over = threading.Event()
        self.wired = self._wire
        """The board as its host sees it, behind the wire."""
        if plan.lasting:
            befallen(plan.lasting)

    def boot(self) -> Iterator[Packet]:
        """What the board sends into the wire, see `Board`."""
        began_s = self._lived_s
        for packet in self._light.boot():
            self._lived_s = began_s + packet.due_s
            self._heed_plan()
            yield packet

    def receive(self, data: bytes) -> None:
        """See `Board`."""
        self._light.receive(data)

    def _heed_plan(self) -> None:
        now_s = self._lived_s
        if self._damaged_until_s and now_s >= self._damaged_until_s:
            self._wire.change(WireDamage())
            self._damaged_until_s = 0.0
        while self._waiting and now_s >= self._waiting[-1].at_s:
            fault = self._waiting.pop()
            self._befallen(fault.name)
            if fault.wire is not None:
                self._wire.change(fault.wire)
                self._damaged_until_s = fault.at_s + fault.lasts_s
        if now_s >= self._plan.lives_s:
            self.over.set()


class Boards:
    """Plugs boards in and out in a thread of its own; a context manager, which starts and ends it.

    `befell` counts the faults that have begun, `signal_s` tells how much the sensor has measured.
    """

    def __init__(
        self, path: Path, sensor: WornSensor, injecting: Injecting, *, signal_s: float, speed: float, seed: int
    ) -> None:
        """`signal_s`: of signal, after which no board is left and `ended` is called; `speed`: times real time."""
        self._path, self._sensor, self._injecting = path, sensor, injecting
        self._signal_s, self._speed = signal_s, speed
        self._random = Random(f"boards {seed}")
        self._stop = threading.Event()
        self._plugged = threading.Event()
        self._error: BaseException | None = None
        self.befell: Counter[str] = Counter()
        self.ended: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="boards", daemon=True)

    @property
    def signal_s(self) -> float:
        """Seconds of signal that were measured."""
        return self._sensor.lived / self._sensor.rate_hz

    @property
    def over(self) -> bool:
        """Whether there is no more signal to come."""
        return self._stop.is_set() or self.signal_s >= self._signal_s

    def __enter__(self) -> Self:
        """Plug the first one in."""
        self._thread.start()
        self._plugged.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Unplug the last one; raises what went wrong in the thread."""
        self._stop.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _run(self) -> None:
        try:
            self._plug_all()
        except BaseException as error:  # whatever it is, it belongs to whoever leaves the context
            self._error = error
        finally:
            self._plugged.set()
            self.ended()

    def _plug_all(self) -> None:
        began = time.monotonic()
        while not self.over:
            plan = self._injecting.board(self._signal_s - self.signal_s)
            board = FaultyBoard(self._sensor, plan, self._befall, self._random.randrange(1 << 32))
            behind_s = (time.monotonic() - began) * self._speed - self.signal_s
            with PluggedBoard(board.wired, self._path, self._speed * haste(behind_s, plan.lives_s)):
                self._plugged.set()
                while not (board.over.wait(_LOOK_S) or self.over):
                    pass
            if not self.over:
                self._befall(UNPLUG)
                self._stop.wait(self._random.uniform(*ABSENT_S))

    def _befall(self, name: str) -> None:
        self.befell[name] += 1
