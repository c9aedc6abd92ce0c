"""One presentation: what is played to the device, and by what."""

from dataclasses import dataclass
from enum import StrEnum

from firmware_bridge import LightBoard
from firmware_bridge.packets import Board
from firmware_bridge.sources import PulseSource
from train.attack.sources import NoisySource, OneLight


class Instrument(StrEnum):
    """What plays a pulse."""

    FINGER = "finger"
    """Skin, or whatever reflects the LEDs' light as skin does: levels follow the currents."""
    LAMP = "lamp"
    """A light of its own before the sensor: its one photodiode sees the same light in both channels."""
    FAKE_BOARD = "fake board"
    """A program on the wire: it acknowledges commands, and plays what it has."""
    ADAPTIVE_BOARD = "adaptive fake board"
    """The same, and it scales what it plays as it is commanded."""


ON_THE_WIRE = (Instrument.FAKE_BOARD, Instrument.ADAPTIVE_BOARD)
FOLLOWING = (Instrument.FINGER, Instrument.ADAPTIVE_BOARD)
"""Those whose level follows the LED currents; in counts the two are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Presentation:
    """A source at the sensor or on the wire."""

    source: PulseSource
    instrument: Instrument

    def board(self, key: bytes | None = None) -> Board:
        """A board that plays it from its beginning; the genuine board seals with ``key``, a program has none."""
        self.source.rewind()
        lamp = self.instrument is Instrument.LAMP
        source = NoisySource(OneLight(self.source), seed=0) if lamp else self.source
        return LightBoard(
            source,
            emitted=self.instrument not in FOLLOWING,
            key=None if self.instrument in ON_THE_WIRE else key,
        )
