"""A session with a real gallery and store, and a fake network, on virtual time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.bundle import Bundle
from device.comparison import comparator_of, pooled
from device.decision import boundaries_at
from device.enrolment import Enrolment
from device.frontend import BoardFrontEnd, windows_of
from device.gallery import Gallery, References
from device.pipeline import Recogniser
from device.session.enrolling import Enrolling
from device.session.lock import Lock
from device.session.session import Session
from device.store.guard import Guard
from device.store.lockout import Moment
from device.store_enrolment import EnrolmentStore
from tests.device.session.sitting import RATE_HZ, Sitting


@pytest.fixture
def sitting(pulse_of: Callable[..., Any]) -> Sitting:
    return Sitting(pulse_of)


@pytest.fixture
def gallery(tmp_path: Path, bundle: Bundle, embedder: Any, pulse_of: Callable[..., Any]) -> Iterator[Gallery]:
    with Gallery(tmp_path / "gallery.sqlite") as gallery:
        for name in ("ann", "ben"):
            windows = windows_of(pulse_of(name, 60.0), RATE_HZ, bundle.front_end)
            reference = pooled([embedder.embed(window.pulse) for window in windows])
            gallery.enrol(name, bundle.manifest.model_id, reference, len(windows))
        yield gallery


@pytest.fixture
def session_of(gallery: Gallery, bundle: Bundle, embedder: Any, sitting: Sitting) -> Callable[..., Session]:
    def recognise(references: References) -> Recogniser:
        return Recogniser(
            front_end=BoardFrontEnd(bundle.front_end),
            embedder=embedder,
            references=references,
            comparator=comparator_of(bundle),
            boundaries=boundaries_at(bundle.manifest.decision),
        )

    def make(lock: Lock | None = None, **options: Any) -> Session:
        enrolling = Enrolling(
            EnrolmentStore(gallery, bundle),
            front_end=lambda: BoardFrontEnd(bundle.front_end),
            enrolment=lambda: Enrolment(embedder, bundle.front_end),
        )
        return Session(
            gallery=gallery,
            guard=Guard(gallery.store, lambda: Moment("boot", sitting.now_s)),
            model_id=bundle.manifest.model_id,
            recognise=recognise,
            enrolling=enrolling,
            lock=lock or Lock(),
            clock=sitting.clock,
            **options,
        )

    return make
