"""One presentation through the device's own chain, in virtual time: board, reader, front end, recogniser, detection."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from random import Random
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.comparison import Comparator, comparator_of, pooled
from device.decision import Boundaries, boundaries_at
from device.embedders import Embedder
from device.enrolment import DEFAULT_SECONDS, min_good_windows, windows_in
from device.events import Event, Identified, PresentationAttack, Unknown
from device.frontend import BoardFrontEnd
from device.gallery import References
from device.pipeline import Recogniser
from device.presentation.detector import PresentationDetector, detector_of
from firmware_bridge import SampleBlock
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.packets import Board
from train.attack.presentation import Presentation

KEY = bytes(range(16))
"""Of the simulated board and its host; what it is does not matter."""


class Protection(StrEnum):
    """What stands between a presentation and the matcher's accept, each with all before it."""

    NONE = "no detection"
    CHECKS = "without challenge"
    CHALLENGE = "with challenge"
    SEALED = "with sealed frames"
    """The board and its host share a key, and a nonce for each connection."""


DETECTING = (Protection.CHECKS, Protection.CHALLENGE)
"""Those that judge the signal; a seal judges the wire."""


class Outcome(StrEnum):
    """What a presentation came to."""

    ACCEPTED = "accepted"
    NO_MATCH = "no match"
    DETECTED = "detected"
    NOT_ACQUIRED = "not acquired"
    """Too few good windows to decide on, all of it."""
    NOT_SEALED = "not sealed"
    """The host was sent no sample that its board had sealed."""


class Attempts(Protocol):
    """Whatever can be attacked."""

    def attempt(
        self,
        presentation: Presentation,
        reference: NDArray[np.float32],
        protection: Protection,
        *,
        matching: bool,
        seed: int,
    ) -> Outcome:
        """One presentation; without ``matching`` the matcher is taken to accept as soon as it may."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device with one model, that verifies at one boundary."""

    bundle: Bundle
    embedder: Embedder
    comparator: Comparator
    boundaries: Boundaries

    @classmethod
    def of(cls, bundle: Bundle, embedder: Embedder, fmr: float | None) -> "Device":
        """The device at the operating point for ``fmr``, the default for None.

        Raises:
            BundleError, CommandError: as ``comparator_of`` and ``boundaries_at``.
        """
        return cls(bundle, embedder, comparator_of(bundle), boundaries_at(bundle.manifest.decision, fmr))

    def enrol(self, board: Board) -> NDArray[np.float32] | None:
        """The reference (d,) of the first minute that ``board`` reads, None where too little of it is good.

        The fixed minute that ``pulsekey evaluate`` states error rates with.
        """
        front_end, spec = self._front_end(), self.bundle.front_end
        blocks = (message for message in DirectReader(board) if isinstance(message, SampleBlock))
        minute = islice((w for block in blocks for w in front_end.feed(block)), windows_in(DEFAULT_SECONDS, spec))
        good = [self.embedder.embed(window.pulse) for window in minute if window.quality.good]
        return pooled(good) if len(good) >= min_good_windows(spec) else None

    def attempt(
        self,
        presentation: Presentation,
        reference: NDArray[np.float32],
        protection: Protection,
        *,
        matching: bool,
        seed: int,
    ) -> Outcome:
        """See ``Attempts``; ``seed`` is of the challenge."""
        key = KEY if protection is Protection.SEALED else None
        reader = DirectReader(presentation.board(key), key=key)
        recogniser = Recogniser(
            front_end=self._front_end(),
            embedder=self.embedder,
            references=References(("owner",), reference[None, :]),
            comparator=self.comparator,
            boundaries=self.boundaries if matching else accepting(self.boundaries),
            decisions=1,
            clock=lambda: reader.now_s,
            presentation=_detector(reader, protection, seed),
        )
        try:
            return _decision(recogniser.events(reader))
        except PortError as error:
            if error.reason is PortReason.NOT_SEALED:
                return Outcome.NOT_SEALED
            raise

    def _front_end(self) -> BoardFrontEnd:
        return BoardFrontEnd(self.bundle.front_end)


def accepting(boundaries: Boundaries) -> Boundaries:
    """The same test with a matcher that accepts whatever has enough windows."""
    return replace(boundaries, accept_llr=-np.inf, reject_llr=-np.inf)


def _decision(events: Iterable[Event]) -> Outcome:
    for event in events:
        if isinstance(event, PresentationAttack):
            return Outcome.DETECTED
        if isinstance(event, Identified):
            return Outcome.ACCEPTED
        if isinstance(event, Unknown):
            return Outcome.NO_MATCH
    return Outcome.NOT_ACQUIRED


def _detector(reader: DirectReader, protection: Protection, seed: int) -> PresentationDetector | None:
    if protection is Protection.NONE:
        return None
    challenge = None if protection is Protection.CHECKS else reader.command
    return detector_of(challenge, random=Random(seed))
