"""The device's path from messages to the lock, in the time of the signal, with an eye on its windows."""

from collections.abc import Iterator
from hashlib import blake2b

from device.bundle import Bundle
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import Embedder
from device.enrolment import Enrolment
from device.frontend import Window
from device.gallery import Gallery, References
from device.pipeline import Recogniser
from device.session.enrolling import Enrolling
from device.session.lock import Lock
from device.session.session import Session
from device.store.guard import Guard
from device.store.lockout import Moment
from device.store.store import Store
from device.store_enrolment import EnrolmentStore
from device.ui.watched import WatchedFrontEnd
from firmware_bridge.wearers import RATE_HZ

Seen = tuple[int, float, str, bytes]
"""A window: its place in the epoch, its quality, why it was not used, and a digest of its 300 numbers."""


class SignalClock:
    """Seconds of signal: at fifty times real time a lock must not take the wall's for the board's.

    Whole samples are counted, so that two runs that have seen as many show the same bits.
    """

    def __init__(self) -> None:
        self.samples = 0

    def __call__(self) -> float:
        """The time now."""
        return self.samples / RATE_HZ


class DevicePath:
    """A `session` with all that hangs on it, and its `clock`, which whoever feeds it turns."""

    def __init__(self, gallery: Gallery, tries: Store, bundle: Bundle, embedder: Embedder) -> None:
        """`gallery`: who is enrolled; `tries`: where failed ones are counted; both belong to the calling thread."""
        self.clock = SignalClock()
        self.window_samples = bundle.front_end.window_samples
        self._guard = Guard(tries, lambda: Moment("soak", self.clock()))
        self._seen: list[Window] = []
        comparator, boundaries = comparator_of(bundle), boundaries_at(bundle.manifest.decision, None)

        def front_end() -> WatchedFrontEnd:
            return WatchedFrontEnd(bundle.front_end, self._seen.append)

        def recognise(references: References) -> Recogniser:
            self.front_end = front_end()
            return Recogniser(
                front_end=self.front_end,
                embedder=embedder,
                references=references,
                comparator=comparator,
                boundaries=boundaries,
                clock=self.clock,
            )

        self.session = Session(
            gallery=gallery,
            guard=self._guard,
            model_id=bundle.manifest.model_id,
            recognise=recognise,
            enrolling=Enrolling(
                EnrolmentStore(gallery, bundle),
                front_end=front_end,
                enrolment=lambda: Enrolment(embedder, bundle.front_end),
            ),
            lock=Lock(),
            clock=self.clock,
        )

    def take_seen(self) -> Iterator[Seen]:
        """The windows since the last call."""
        for window in self._seen:
            reason = window.quality.reason
            digest = blake2b(window.pulse.tobytes(), digest_size=8).digest()
            yield window.start, window.quality.sqi, reason.value if reason else "", digest
        self._seen.clear()

    def forgive(self) -> None:
        """Let failed tries count no longer, as an attendant would between two sittings."""
        self._guard.conclude("", accepted=True)
