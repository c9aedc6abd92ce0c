"""One soak: boards, a reader on their pseudo-terminal, the device behind it, and those who watch."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from device.bundle import Bundle
from device.embedders import Embedder
from device.gallery import Gallery
from device.session.inbox import Inbox
from device.simulation import enrol_simulated
from device.soak.boards import Boards
from device.soak.comparing import Comparing
from device.soak.device_path import DevicePath
from device.soak.injecting import ALL_FAULTS, Injecting
from device.soak.reference import Reference
from device.soak.resources import Resources, keep_one_heap
from device.soak.results import STOPPED, Results
from device.soak.stretches import Stretches
from device.soak.wearing import Sittings, WornSensor
from device.soak.witness import Item, Witness
from device.stopping import Stopper
from firmware_bridge import BoardReader, LinkStatistics
from firmware_bridge.errors import PulsekeyError
from firmware_bridge.reader import SILENCE_S

GIVEN_UP_S = SILENCE_S + 1.0
_PROGRESS_S = 1.0


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """How long, how fast, and what goes wrong."""

    signal_s: float
    speed: float
    """Times real time."""
    seed: int = 0
    faults: Sequence[str] = ALL_FAULTS
    gap_s: float = 60.0
    """Of signal between two faults, on average."""

    @property
    def lives_s(self) -> tuple[float, float]:
        """How long a board stays plugged in, at least and at most; in a short run less, so that there are some."""
        return min(600.0, self.signal_s / 8), min(1800.0, self.signal_s / 4)


class Soak:
    """`run` it once; `results` are those so far."""

    def __init__(self, plan: SoakPlan, bundle: Bundle, embedder: Embedder, folder: Path) -> None:
        """`folder`: for the port's name and two galleries, made and thrown away by the caller."""
        self._plan, self._bundle, self._embedder, self._folder = plan, bundle, embedder, folder
        self._sittings = Sittings(plan.seed)
        injecting = Injecting(
            plan.faults,
            gap_s=plan.gap_s,
            lives_s=plan.lives_s,
            long_stall_s=GIVEN_UP_S * plan.speed,
            seed=plan.seed,
        )
        self._boards = Boards(
            folder / "board",
            WornSensor(self._sittings),
            injecting,
            signal_s=plan.signal_s,
            speed=plan.speed,
            seed=plan.seed,
        )
        self._resources = Resources(plan.signal_s)
        self._totals = LinkStatistics(0, 0, 0, 0, None)
        self._wall_s, self._ended = 0.0, ""
        self._witness: Witness | None = None

    def run(self, progress: Callable[[Results], None] = lambda results: None) -> Results:
        """Until the signal is over, or SIGINT or SIGTERM; `progress` hears once a second.

        Raises:
            PulsekeyError: nobody could be enrolled. What goes wrong later is in the results.
        """
        keep_one_heap()
        with ExitStack() as stack:
            gallery, tries, expected_tries = (
                stack.enter_context(Gallery(self._folder / f"{name}.sqlite")) for name in ("gallery", "tries", "other")
            )
            for name in self._sittings.enrolled:
                enrol_simulated(name, gallery, self._bundle, self._embedder)
            live = DevicePath(gallery, tries.store, self._bundle, self._embedder)
            expected = DevicePath(gallery, expected_tries.store, self._bundle, self._embedder)
            comparing = Comparing(Reference(self._sittings, expected))
            witness = Witness(live, self._sittings, comparing, Stretches(self._bundle.front_end))
            self._witness = witness
            reader = BoardReader(str(self._folder / "board"))
            self._boards.ended = reader.close
            stopper = stack.enter_context(Stopper(reader.close))
            with self._boards, reader:
                self._watch(reader, witness, progress)
            self._ended = self._ended or (STOPPED if stopper.interrupted else "")
        return self.results()

    def _watch(self, reader: BoardReader, witness: Witness, progress: Callable[[Results], None]) -> None:
        began = time.monotonic()
        told = [began]

        def look() -> None:
            now = time.monotonic()
            self._wall_s = now - began
            if not self._boards.over:
                self._resources.at(witness.path.clock())
            if now - told[0] >= _PROGRESS_S:
                told[0] = now
                self._totals = reader.statistics()
                progress(self.results())

        items: Inbox | list[Item] = Inbox(reader)
        try:
            witness.path.session.run(witness.tap(items), witness.event, look)
        except PulsekeyError as error:
            self._ended = str(error)
        witness.end()
        self._totals, self._wall_s = reader.statistics(), time.monotonic() - began

    def results(self) -> Results:
        """What was found so far."""
        assert self._witness is not None, "run it first"
        return Results(
            plan_s=self._plan.signal_s,
            speed=self._plan.speed,
            seed=self._plan.seed,
            signal_s=self._boards.signal_s,
            wall_s=self._wall_s,
            ended=self._ended,
            befell={name: self._boards.befell[name] for name in ALL_FAULTS if name in self._plan.faults},
            link=self._totals,
            witnessed=self._witness.counts,
            compared=self._witness.comparing.counts,
            windows_due=self._witness.stretches.due,
            windows_lost=self._witness.stretches.lost,
            growth=self._resources.growth(),
            looks=tuple(self._resources.looks),
        )
