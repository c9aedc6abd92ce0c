"""The lock shuts before anything can fail or wait, and opens for nobody who is not enrolled any more."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from device.errors import GalleryError, GalleryReason
from device.events import Event, GalleryChanged, Identified, LockChanged, RequestRefused, TryRefused, WindowScored
from device.gallery import Gallery
from device.session.lock import Lock
from device.session.orders import Forget, PinEntered
from device.session.session import Session
from device.store.guard import Guard
from device.store.lockout import TRIES, Moment
from tests.device.session.sitting import PIN, Sitting, changes, told


def test_a_closing_lock_is_told_before_it_is_logged(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = gallery.log

    def full(event: str, outcome: str, person: str = "") -> None:
        if outcome == "closed":
            raise GalleryError(GalleryReason.UNWRITABLE, "no room")
        log(event, outcome, person)

    monkeypatch.setattr(gallery, "log", full)
    session, events = session_of(), []
    with pytest.raises(GalleryError, match="no room"):
        session.run((item for part in (sitting.pulse("ann", 25.0), sitting.air(1.0)) for item in part), events.append)
    assert [locked for locked, *_ in changes(events)] == [False, True]


def test_an_opening_lock_is_logged_before_it_is_told(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    logged: list[bool] = []

    def tell(event: Event) -> None:
        if isinstance(event, LockChanged) and not event.locked:
            logged.append(any(entry.outcome == "opened" for entry in gallery.log_entries()))

    session_of().run(sitting.pulse("ann", 25.0), tell)
    assert logged == [True]


@pytest.mark.parametrize("afresh", [False, True])
def test_a_claimed_person_who_is_forgotten_opens_nothing(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery, afresh: bool
) -> None:
    Guard(gallery.store).set_pin(PIN)
    session = session_of(Lock(needs_pin=True), claim="ann", afresh=afresh)
    events = told(
        session,
        sitting.air(1.0),
        [Forget("ann"), PinEntered(PIN)],
        sitting.pulse("ann", 20.0),
        [PinEntered(PIN)],
        sitting.pulse("ann", 60.0),
    )
    assert changes(events) == []
    assert [one.people for one in events if isinstance(one, GalleryChanged)] == [()]
    assert not [one for one in events if isinstance(one, RequestRefused)], "it was done"
    assert not [one for one in events if isinstance(one, WindowScored)]


def test_who_was_forgotten_by_another_program_opens_nothing_and_stops_nothing(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    session = session_of()
    with Gallery(gallery.path) as other:
        other.forget("ann")
    events = told(session, sitting.pulse("ann", 25.0), sitting.air(1.0), sitting.pulse("ben", 25.0))
    assert [person for _, person, _ in changes(events)] == ["ben", "ben"]
    assert not [one for one in events if isinstance(one, Identified) and one.person == "ann"]
    assert [entry.person for entry in gallery.log_entries() if entry.outcome == "opened"] == ["ben"]


def test_a_decision_of_one_window_does_not_open_during_a_lockout(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    guard = Guard(gallery.store, lambda: Moment("boot", sitting.now_s))
    for _ in range(TRIES):
        assert guard.begin("") is None
        guard.conclude("", accepted=False)
    session, scored = session_of(), WindowScored(0.0, 0, 0.9, 9.0, 1)
    stand_in: Any = SimpleNamespace(
        events=lambda messages: iter((scored, Identified(0.0, "ann", 9.0, 1.0, 1))),
        begin_sitting=lambda: None,
        forget_attempt=lambda: None,
    )
    session.recogniser = stand_in
    events = told(session, sitting.pulse("ann", 2.0))
    assert [one.outcome for one in events if isinstance(one, TryRefused)]
    assert changes(events) == []
