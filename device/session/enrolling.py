"""Taking references within a session: of a new person, a further session of one, or of this sitting alone."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from device.enrolment import Enrolment
from device.events import Enrolled, Event
from device.frontend import BoardFrontEnd
from device.pipeline import enrol_from
from device.store_enrolment import EnrolmentStore
from firmware_bridge import Message


class Enrolling:
    """At most one enrolment at a time; `active` says whether one is going on, and `name` whose."""

    def __init__(
        self,
        store: EnrolmentStore,
        *,
        front_end: Callable[[], BoardFrontEnd],
        enrolment: Callable[[], Enrolment],
    ) -> None:
        """`store` checks and keeps what was taken; the others make what one enrolment needs."""
        self._store = store
        self._new_front_end, self._new_enrolment = front_end, enrolment
        self.name = ""
        self._add = self._fresh = False
        self._enrolment: Enrolment | None = None
        self._front_end: BoardFrontEnd | None = None

    @property
    def active(self) -> bool:
        """Whether a reference is being taken."""
        return self._enrolment is not None

    @property
    def is_fresh(self) -> bool:
        """Whether it is one of this sitting alone, which ends when the sensor is taken off."""
        return self._fresh

    def begin(self, name: str, *, add: bool = False) -> None:
        """Begin to enrol a person.

        Raises:
            GalleryError: the name cannot be enrolled, or has no first session to add to.
        """
        self.name = self._store.check(name, add=add)
        self._add, self._fresh = add, False
        self._start()

    def begin_fresh(self, name: str) -> None:
        """Take a reference of this sitting, which is kept in memory only."""
        self.name, self._fresh = name, True
        self._start()

    def stop(self) -> None:
        """Leave it; nothing is stored."""
        self._enrolment = self._front_end = None

    def events(self, message: Message) -> Iterator[Event]:
        """Feed one message; ends with `Enrolled` when the reference is stored.

        Raises:
            PulsekeyError: it came to nothing; nothing is stored then.
        """
        enrolment, front_end = self._enrolment, self._front_end
        if enrolment is None or front_end is None:
            return
        yield from enrol_from((message,), front_end=front_end, enrolment=enrolment)
        if not enrolment.finished or self._fresh:
            return
        self.stop()
        self._store.keep(self.name, enrolment, add=self._add)
        yield Enrolled(enrolment.elapsed_s, self.name, enrolment.good_windows, not self._add)

    def take_fresh(self) -> NDArray[np.float32] | None:
        """The finished reference (d,) of this sitting, once; None while there is none.

        Raises:
            SignalError: TOO_FEW_GOOD_WINDOWS; it has to be begun again.
        """
        enrolment = self._enrolment
        if not self._fresh or enrolment is None or not enrolment.finished:
            return None
        self.stop()
        return enrolment.reference()

    def _start(self) -> None:
        self._enrolment, self._front_end = self._new_enrolment(), self._new_front_end()
