"""What becomes of an enrolment: checked against the gallery before and after, then stored wholly or not at all."""

from device.bundle import Bundle
from device.comparison import comparator_of
from device.decision import boundaries_at, identify
from device.enrolment import Enrolment, joined
from device.errors import GalleryError, GalleryReason
from device.gallery import Gallery


class EnrolmentStore:
    """Keeps enrolments made with one bundle in one gallery."""

    def __init__(self, gallery: Gallery, bundle: Bundle) -> None:
        self._gallery = gallery
        self._bundle = bundle
        self._model_id = bundle.manifest.model_id

    def check(self, name: str, *, add: bool) -> str:
        """The name as it is stored, if it can be enrolled now; asked before anybody sits through a minute.

        Raises:
            GalleryError: INVALID_NAME, ALREADY_ENROLLED or OTHER_MODEL; with `add` UNKNOWN_NAME.
        """
        if add:
            return self._gallery.person(name, self._model_id).name
        return self._gallery.check_free(name, self._model_id)

    def keep(self, name: str, enrolment: Enrolment, *, add: bool) -> None:
        """Store the reference, or join it with the one there is.

        Raises:
            SignalError: TOO_FEW_GOOD_WINDOWS.
            GalleryError: ALREADY_ENROLLED, where the pulse is somebody else's; or the store's own faults.
        """
        reference, windows = enrolment.reference(), enrolment.good_windows
        self._refuse_somebody_else(name, enrolment)
        if not add:
            self._gallery.enrol(name, self._model_id, reference, windows)
            return
        person = self._gallery.person(name, self._model_id)
        old = self._gallery.as_enrolled(name, self._model_id)
        both = joined(old, person.good_windows, reference, windows)
        self._gallery.update(name, both, person.good_windows + windows)

    def _refuse_somebody_else(self, name: str, enrolment: Enrolment) -> None:
        """People whom the device cannot tell apart are not enrolled under two names."""
        if not self._gallery.people():
            return
        references = self._gallery.references(self._model_id)
        boundaries = boundaries_at(self._bundle.manifest.decision).among(len(references.names))
        scorer = comparator_of(self._bundle).against(references.embeddings)
        best = identify(scorer.llr(enrolment.reference(), enrolment.good_windows), boundaries.max_windows, boundaries)
        if best is not None and best.accepted and references.names[best.position] != name:
            owner = references.names[best.position]
            raise GalleryError(
                GalleryReason.ALREADY_ENROLLED,
                f"this pulse belongs to {owner!r} already: `pulsekey enrol {owner} --add` adds a session, "
                f"`pulsekey forget {owner}` frees it",
            )
