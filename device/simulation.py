"""A simulated sensor that the page can put on somebody, take off and unplug: the demonstration, and the tests."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.embedders import Embedder
from device.enrolment import Enrolment
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.pipeline import enrol_from
from firmware_bridge import LightBoard, wearer_names
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.plugged_board import PluggedBoard
from firmware_bridge.wearers import RATE_HZ, WearerSource, load_wearer

OPEN_AIR_COUNTS = 900
_ENROL_SEED, _WEAR_SEED = 1, 2
"""Another seed is another sitting: same person, other heartbeats, other noise."""
_BETWEEN_SAMPLES = 75
"""Of open air: one wearer takes it off before the next puts it on."""
_ENROLMENT_S = 200.0
"""More than any enrolment takes."""


class ChangingSource:
    """A sensor's counts at 125 Hz of whoever wears it now; `wear` may be called from any thread."""

    rate_hz = RATE_HZ

    def __init__(self) -> None:
        self._worn: WearerSource | None = None
        self._bare = 0
        self._random = np.random.default_rng(0)
        self.wearer = ""
        """Who wears it; empty if nobody does."""

    def wear(self, name: str) -> None:
        """Put it on a simulated wearer, or with an empty name on the table.

        Raises:
            PortError: BAD_URL, where nobody is called so.
        """
        self._worn = WearerSource(load_wearer(name), seed=_WEAR_SEED) if name else None
        self._bare = _BETWEEN_SAMPLES
        self.wearer = name

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see `PulseSource`."""
        worn = self._worn
        if worn is not None and self._bare <= 0:
            return worn.read(count)
        self._bare -= count
        return np.rint(OPEN_AIR_COUNTS + 6.0 * self._random.standard_normal((count, 2))).astype(np.int32)

    def rewind(self) -> None:
        """Go on: a sensor that is worn has no beginning."""


class Simulation:
    """A board at `path`, which is plugged in while the context is entered; nobody wears it at first."""

    def __init__(self, folder: Path, speed: float = 1.0) -> None:
        """`folder`: for the port's name; `speed`: times real time."""
        self._source = ChangingSource()
        self.names = wearer_names()[:3]
        self._board = PluggedBoard(LightBoard(self._source), folder / "board", speed)
        self.path = str(self._board.path)
        self.plugged = True

    @property
    def wearer(self) -> str:
        """Who wears it."""
        return self._source.wearer

    def wear(self, name: str) -> None:
        """Put it on one of `names`, or with an empty name take it off."""
        self._source.wear(name)

    def plug(self, plugged: bool) -> None:
        """Plug it in, or pull it out."""
        if plugged != self.plugged:
            (self._board.replug if plugged else self._board.unplug)()
            self.plugged = plugged

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unplug it."""
        self._board.unplug()


def enrol_simulated(name: str, gallery: Gallery, bundle: Bundle, embedder: Embedder) -> None:
    """Enrol a simulated wearer at once: the board's time is computed, not waited for.

    Raises:
        SignalError: TOO_FEW_GOOD_WINDOWS.
        GalleryError: the name is taken.
    """
    enrolment = Enrolment(embedder, bundle.front_end)
    source = WearerSource(load_wearer(name), seed=_ENROL_SEED, seconds=_ENROLMENT_S)
    messages = DirectReader(LightBoard(source))
    for _ in enrol_from(messages, front_end=BoardFrontEnd(bundle.front_end), enrolment=enrolment):
        pass
    gallery.enrol(name, bundle.manifest.model_id, enrolment.reference(), enrolment.good_windows)
