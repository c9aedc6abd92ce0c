"""The gallery: who is enrolled, in one encrypted SQLite file on the device.

What the file hides, and from whom, is told in SECURITY.md; how, in `device/store/`. References are turned back as they
are read: they are compared as the network made them, with the cohort that ships with it, and exist in memory only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.decision import Accept
from device.errors import GalleryError, GalleryReason
from device.person_names import MAX_NAME_CHARACTERS, checked_name, composed
from device.store.audit import Entry
from device.store.parcel import Parcel
from device.store.people import Record
from device.store.store import Store, View
from device.template_update import RULE, UpdateRule
from device.user_data import user_data_folder


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the gallery, without the template."""

    name: str
    model_id: str
    good_windows: int
    enrolled_at_utc: str


@dataclass(frozen=True, slots=True)
class References:
    """What a probe is compared with: names and their references (m, d) float32, of one model."""

    names: tuple[str, ...]
    embeddings: NDArray[np.float32]


def default_gallery_path() -> Path:
    """`$XDG_DATA_HOME/pulsekey/gallery.sqlite`, by default below `~/.local/share`.

    Raises:
        GalleryError: UNWRITABLE, where there is neither.
    """
    folder = user_data_folder()
    if folder is None:
        raise GalleryError(
            GalleryReason.UNWRITABLE, "this user has no home folder: say where the gallery is with --gallery"
        )
    return folder / "gallery.sqlite"


class Gallery:
    """The store of templates; a context manager. Safe for several processes, not for several threads."""

    def __init__(self, path: Path | str | None = None, *, create: bool = True, accept_restored: bool = False) -> None:
        """Open the store; where there is none, make it, or with `create=False` act as an empty one.

        A store of an earlier format becomes one of this. `accept_restored`: take it as the newest, even where its state
        file says otherwise.

        Raises:
            GalleryError: of any reason but those about one person.
        """
        self.path = Path(path) if path is not None else default_gallery_path()
        self.store = Store(self.path, create=create, accept_restored=accept_restored)

    def close(self) -> None:
        """Close the store; harmless if repeated."""
        self.store.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def people(self) -> list[Person]:
        """Everybody enrolled, by name."""
        with self.store.reading() as view:
            return [_person(record) for record in view.people.all()]

    def person(self, name: str, model_id: str) -> Person:
        """One person's line.

        Raises:
            GalleryError: UNKNOWN_NAME, OTHER_MODEL or ALTERED.
        """
        with self.store.reading() as view:
            record = self._enrolled(view, name)
            self._refuse_other_models([record], model_id)
            return _person(record)

    def references(self, model_id: str) -> References:
        """The references to compare a probe with; never across models.

        Raises:
            GalleryError: EMPTY, OTHER_MODEL or ALTERED.
        """
        with self.store.reading() as view:
            records = view.people.all()
            if not records:
                raise GalleryError(
                    GalleryReason.EMPTY,
                    f"nobody is enrolled in {self.path}: enrol first, `pulsekey enrol NAME --port PORT`",
                )
            return self._references(view, records, model_id)

    def reference_of(self, name: str, model_id: str) -> References:
        """One person's reference alone; nobody else's template is opened.

        Raises:
            GalleryError: UNKNOWN_NAME, OTHER_MODEL or ALTERED.
        """
        with self.store.reading() as view:
            return self._references(view, [self._enrolled(view, name)], model_id)

    def as_enrolled(self, name: str, model_id: str) -> NDArray[np.float32]:
        """One person's reference (d,) as enrolled, wherever the one in use has moved.

        Raises:
            GalleryError: UNKNOWN_NAME, OTHER_MODEL or ALTERED.
        """
        with self.store.reading() as view:
            record = self._enrolled(view, name)
            self._refuse_other_models([record], model_id)
            return view.people.anchor(record)

    def parcel(self, name: str) -> Parcel:
        """One person to be taken to another device, as enrolled.

        Raises:
            GalleryError: UNKNOWN_NAME or ALTERED.
        """
        with self.store.reading() as view:
            record = self._enrolled(view, name)
            return Parcel(record.name, record.model_id, record.good_windows, view.people.anchor(record))

    def check_free(self, name: str, model_id: str) -> str:
        """The checked name, if it can be enrolled now (asked before a person sits through an enrolment).

        Raises:
            GalleryError: INVALID_NAME, ALREADY_ENROLLED or OTHER_MODEL.
        """
        with self.store.reading() as view:
            return self._free_name(view.people.all(), name, model_id)

    def enrol(self, name: str, model_id: str, reference: NDArray[np.float32], good_windows: int) -> None:
        """Store one person's reference (d,) of unit length, wholly or not at all.

        Raises:
            GalleryError: INVALID_NAME, ALREADY_ENROLLED, OTHER_MODEL, BUSY or UNWRITABLE.
        """
        with self.store.changing() as view:
            records = view.people.all()
            name = self._free_name(records, name, model_id)
            new = view.people.made(name, model_id, reference, good_windows, _now_utc())
            view.people.write([*records, new])
            view.log.append("enrol", "done", name)

    def update(self, name: str, reference: NDArray[np.float32], good_windows: int) -> None:
        """Replace a person's reference (d,) of unit length as enrolled; the model stays, and when they enrolled.

        Raises:
            GalleryError: UNKNOWN_NAME, BUSY or UNWRITABLE.
        """
        with self.store.changing() as view:
            old = self._enrolled(view, name)
            new = view.people.made(old.name, old.model_id, reference, good_windows, old.enrolled_at_utc)
            others = [record for record in view.people.all() if record.name != old.name]
            view.people.write([*others, new])
            view.log.append("update", "done", old.name)
        self.store.empty_log()

    def move(self, name: str, probe: NDArray[np.float32], rule: UpdateRule) -> None:
        """Move a person's template after an accepted probe (d,) of unit length; the reference as enrolled stays.

        Raises:
            GalleryError: UNKNOWN_NAME, BUSY or UNWRITABLE.
        """
        with self.store.changing() as view:
            old, people = self._enrolled(view, name), view.people
            anchor = people.anchor(old)
            template = rule.moved(anchor, people.reference(old), probe)
            new = people.made(old.name, old.model_id, anchor, old.good_windows, old.enrolled_at_utc, template)
            people.write([*(one for one in people.all() if one.name != old.name), new])
            view.log.append("move", "done", old.name)
        self.store.empty_log()

    def follow(self, name: str, accept: Accept | None) -> None:
        """Let a person's template follow an accept that the PIN has confirmed, if it was a confident one.

        Raises:
            GalleryError: as `move`.
        """
        if accept is not None and RULE.is_confident(accept.above_llr):
            self.move(name, accept.probe, RULE)

    def forget(self, name: str) -> None:
        """Remove one person.

        Raises:
            GalleryError: UNKNOWN_NAME, BUSY or UNWRITABLE.
        """
        with self.store.changing() as view:
            old = self._enrolled(view, name)
            view.people.write([one for one in view.people.all() if one.name != old.name])
            view.log.append("forget", "done", old.name)
        self.store.empty_log()

    def log(self, event: str, outcome: str, person: str = "") -> None:
        """Write to the audit log: words only, never a score or anything of a body.

        Raises:
            GalleryError: BUSY, UNWRITABLE or ALTERED.
        """
        with self.store.changing() as view:
            view.log.append(event, outcome, person)

    def log_entries(self) -> list[Entry]:
        """The audit log, oldest first, checked whole.

        Raises:
            GalleryError: ALTERED, naming the entry.
        """
        with self.store.reading() as view:
            return view.log.entries()

    def _references(self, view: View, records: list[Record], model_id: str) -> References:
        self._refuse_other_models(records, model_id)
        embeddings = np.stack([view.people.reference(record) for record in records])
        return References(tuple(record.name for record in records), embeddings)

    def _enrolled(self, view: View, name: str) -> Record:
        record = view.people.find(composed(name))
        if record is None:
            raise GalleryError(
                GalleryReason.UNKNOWN_NAME,
                f"{name[:MAX_NAME_CHARACTERS]!r} is not enrolled in {self.path}: see `pulsekey list`",
            )
        return record

    def _free_name(self, records: list[Record], name: str, model_id: str) -> str:
        name = checked_name(name)
        if any(record.name == name for record in records):
            raise GalleryError(
                GalleryReason.ALREADY_ENROLLED,
                f"{name!r} is already enrolled: choose another name, or `pulsekey forget` it first",
            )
        self._refuse_other_models(records, model_id)
        return name

    def _refuse_other_models(self, records: list[Record], model_id: str) -> None:
        strangers = [record for record in records if record.model_id != model_id]
        if strangers:
            raise GalleryError(
                GalleryReason.OTHER_MODEL,
                f"{strangers[0].name!r} was enrolled with model {strangers[0].model_id}, this bundle is {model_id}: "
                "use that bundle, another --gallery, or forget and enrol again",
            )


def _person(record: Record) -> Person:
    return Person(record.name, record.model_id, record.good_windows, record.enrolled_at_utc)


def _now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
