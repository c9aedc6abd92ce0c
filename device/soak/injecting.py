"""Which faults befall which board when: drawn at random from decks, so that each comes about as often as the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from firmware_bridge.clocked_source import MAX_CLOCK_ERROR
from firmware_bridge.fault_specs import MAX_JITTER_S
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.wire_faults import Stall, WireDamage

UNPLUG = "unplug"
OF_A_BOARD = ("clock", "jitter", "swapped")
"""What a board is from when it is plugged in until it is unplugged."""
_RATES = {"loss": (1e-3, 1e-2), "corrupt": (1e-3, 1e-2), "truncate": (0.02, 0.2), "duplicate": (0.02, 0.2),
          "reorder": (0.02, 0.2)}  # fmt: skip
_RATE_S, _GARBAGE_S = (5.0, 20.0), (2.0, 10.0)
_BAUDS, _VERSIONS = (9600, 57600, 230400), (0, 2, 15)
_LASTS_S = {
    FaultKind.OVERFLOW: (0.1, 1.5), FaultKind.STUCK_BUS: (0.1, 2.0), FaultKind.BROWN_OUT: (0.0, 1.0),
    FaultKind.SATURATED: (0.5, 5.0), FaultKind.FINGER_OFF: (0.3, 5.0), FaultKind.NACK: (0.0, 0.0),
    FaultKind.RESET: (0.0, 0.0),
}  # fmt: skip
_NACKS = (1, 5)
_STALL_S = (0.3, 3.0)
_LONG_STALLS = 0.2
"""Share of the stalls that are long enough for the reader to give the board up."""
OF_A_MOMENT = (*_RATES, "stall", "baud", "version", *(kind.value for kind in _LASTS_S))
ALL_FAULTS = (*OF_A_MOMENT, *OF_A_BOARD, UNPLUG)
CLOCK_ERROR = (0.02, MAX_CLOCK_ERROR)
"""More than the 1.6 % under which a whole second of a slate could look true."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault of a moment; `wire` is what it makes of the wire while it lasts."""

    name: str
    at_s: float
    lasts_s: float
    sensor: SensorFaultEvent | None = None
    wire: WireDamage | None = None


@dataclass(frozen=True, slots=True)
class BoardPlan:
    """One board, from plugging in to unplugging: seconds of its life, infinite if it is never unplugged."""

    lives_s: float
    faults: tuple[Injected, ...]
    clock_error: float = 0.0
    jitter_s: float = 0.0
    swapped: bool = False

    @property
    def lasting(self) -> str:
        """The name of what is wrong with it all its life; empty for nothing."""
        return "clock" if self.clock_error else "jitter" if self.jitter_s else "swapped" if self.swapped else ""


class Injecting:
    """Draws one board's plan after another.

    Args:
        names: of `ALL_FAULTS`.
        gap_s: seconds of signal between two faults, on average.
        lives_s: how long a board stays plugged in, at least and at most.
        long_stall_s: seconds of signal after which a reader gives up a silent board, and some more.
        seed: the same one draws the same.
    """

    def __init__(
        self, names: Sequence[str], *, gap_s: float, lives_s: tuple[float, float], long_stall_s: float, seed: int
    ) -> None:
        self._random = Random(f"faults {seed}")
        self._gap_s, self._lives_s, self._long_stall_s = gap_s, lives_s, long_stall_s
        self._moments = [name for name in OF_A_MOMENT if name in names]
        self._boards = [name for name in OF_A_BOARD if name in names]
        self._endless = not self._boards and UNPLUG not in names
        self._moment_deck: list[str] = []
        self._board_deck: list[str] = []
        self._boards_made = 0

    def board(self, at_most_s: float) -> BoardPlan:
        """The next one; no fault is planned beyond `at_most_s`.

        Every other one is true all its life: only then decisions can be compared bit by bit.
        """
        lives_s = at_most_s if self._endless else min(at_most_s, self._random.uniform(*self._lives_s))
        self._boards_made += 1
        is_true = self._boards_made % 2 == 1 or not self._boards
        lasting = "" if is_true else self._draw(self._board_deck, self._boards)
        error = self._random.uniform(*CLOCK_ERROR) * self._random.choice((-1, 1))
        return BoardPlan(
            float("inf") if self._endless else lives_s,
            tuple(self._faults(lives_s)),
            clock_error=error if lasting == "clock" else 0.0,
            jitter_s=MAX_JITTER_S if lasting == "jitter" else 0.0,
            swapped=lasting == "swapped",
        )

    def _faults(self, lives_s: float) -> list[Injected]:
        """One after the other: a wire that is already damaged would hide what the next fault does."""
        faults: list[Injected] = []
        at_s = self._random.expovariate(1.0 / self._gap_s)
        while self._moments and at_s < lives_s:
            faults.append(self._moment(self._draw(self._moment_deck, self._moments), at_s))
            at_s += faults[-1].lasts_s + self._random.expovariate(1.0 / self._gap_s)
        return faults

    def _draw(self, deck: list[str], names: list[str]) -> str:
        if not deck:
            deck += self._random.sample(names, len(names))
        return deck.pop()

    def _moment(self, name: str, at_s: float) -> Injected:
        random = self._random
        if name in _RATES:
            lasts_s, rate = random.uniform(*_RATE_S), random.uniform(*_RATES[name])
            return Injected(name, at_s, lasts_s, wire=WireDamage(**{name: rate}))  # type: ignore[arg-type]
        if name == "stall":
            lasts_s = self._long_stall_s if random.random() < _LONG_STALLS else random.uniform(*_STALL_S)
            return Injected(name, at_s, lasts_s, wire=WireDamage(stalls=(Stall(at_s, lasts_s),)))
        if name == "baud":
            return Injected(name, at_s, random.uniform(*_GARBAGE_S), wire=WireDamage(baud=random.choice(_BAUDS)))
        if name == "version":
            lasts_s = random.uniform(*_GARBAGE_S)
            return Injected(name, at_s, lasts_s, wire=WireDamage(version=random.choice(_VERSIONS)))
        kind = FaultKind(name)
        lasts_s = random.uniform(*_LASTS_S[kind])
        value = float(random.randint(*_NACKS)) if kind is FaultKind.NACK else 0.0
        return Injected(name, at_s, lasts_s, sensor=SensorFaultEvent(kind, at_s, lasts_s, value))
