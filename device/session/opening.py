"""A session made of a bundle and a gallery: what every view of one runs."""

import time
from collections.abc import Callable

from device.bundle import Bundle
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import Embedder
from device.enrolment import Enrolment
from device.frontend import BoardFrontEnd
from device.gallery import Gallery, References
from device.pipeline import Recogniser
from device.presentation.detector import PresentationDetector
from device.session.enrolling import Enrolling
from device.session.lock import Lock
from device.session.session import Recognise, Session
from device.store.guard import Guard
from device.store_enrolment import EnrolmentStore


def open_session(
    gallery: Gallery,
    bundle: Bundle,
    embedder: Embedder,
    *,
    lock: Lock,
    fmr: float | None = None,
    claim: str = "",
    afresh: bool = False,
    presentation: PresentationDetector | None = None,
    front_end: Callable[[], BoardFrontEnd] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Session:
    """The session of one gallery.

    `presentation` has to pass whoever is named; `front_end` makes each front end it needs, by default the bundle's own.

    Raises:
        GalleryError: UNKNOWN_NAME of a claim, OTHER_MODEL or ALTERED.
        CommandError: BAD_ARGUMENT, for a false match rate the bundle cannot support.
    """
    new_front_end = front_end or (lambda: BoardFrontEnd(bundle.front_end))
    recognise = _recognising(bundle, embedder, fmr, presentation, new_front_end)
    return Session(
        gallery=gallery,
        guard=Guard(gallery.store),
        model_id=bundle.manifest.model_id,
        recognise=recognise,
        enrolling=Enrolling(
            EnrolmentStore(gallery, bundle),
            front_end=new_front_end,
            enrolment=lambda: Enrolment(embedder, bundle.front_end),
        ),
        lock=lock,
        claim=claim,
        afresh=afresh,
        clock=clock,
        aside=presentation.take if presentation is not None else lambda message: None,
    )


def _recognising(
    bundle: Bundle,
    embedder: Embedder,
    fmr: float | None,
    presentation: PresentationDetector | None,
    front_end: Callable[[], BoardFrontEnd],
) -> Recognise:
    """Makes recognisers that differ in their references alone."""
    boundaries = boundaries_at(bundle.manifest.decision, fmr)
    comparator = comparator_of(bundle)

    def recognise(references: References) -> Recogniser:
        return Recogniser(
            front_end=front_end(),
            embedder=embedder,
            references=references,
            comparator=comparator,
            boundaries=boundaries,
            presentation=presentation,
        )

    return recognise
