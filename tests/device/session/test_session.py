"""A whole session on lists of messages, in their own time, with a real gallery and a fake network."""

from collections.abc import Callable, Iterator

import pytest

from device.errors import GalleryError, GalleryReason
from device.events import (
    Enrolled,
    Event,
    FingerChanged,
    GalleryChanged,
    LockChanged,
    PinAccepted,
    PinNeeded,
    RequestRefused,
    TryRefused,
    WindowScored,
)
from device.gallery import Gallery
from device.session.lock import Lock, LockReason
from device.session.orders import Enrol, Forget, PinEntered, Request, StopEnrolling
from device.session.session import Session
from device.session.status import Status
from device.store.guard import Guard
from firmware_bridge import LinkLost, Message
from firmware_bridge.errors import PortReason
from tests.device.session.sitting import PIN, Sitting, changes, told


def test_it_opens_for_who_is_enrolled_and_closes_when_taken_off(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    events = told(session_of(), sitting.pulse("ann", 25.0), sitting.air(1.0), sitting.pulse("eve", 25.0))
    assert changes(events) == [(False, "ann", LockReason.RECOGNISED), (True, "ann", LockReason.TAKEN_OFF)]
    opened, closed = (one for one in events if isinstance(one, LockChanged))
    assert opened.time_s < 20.0
    (off,) = (one for one in events if isinstance(one, FingerChanged) and not one.on)
    assert closed.time_s == off.time_s == pytest.approx(25.04, abs=0.01), "with the first block of open air"
    logged = [(entry.event, entry.outcome, entry.person) for entry in gallery.log_entries()]
    assert ("lock", "opened", "ann") in logged
    assert ("lock", "closed", "ann") in logged


def test_evidence_of_two_wearers_is_never_joined(session_of: Callable[..., Session], sitting: Sitting) -> None:
    parts = [part for _ in range(6) for part in (sitting.pulse("ann", 7.0), sitting.air(1.0))]
    events = told(session_of(), *parts)
    assert max(one.evidence_windows for one in events if isinstance(one, WindowScored)) <= 3
    assert changes(events) == []


def test_a_silent_board_closes_it(session_of: Callable[..., Session], sitting: Sitting) -> None:
    events = told(session_of(), sitting.pulse("ann", 25.0), sitting.silence(2.0))
    assert changes(events)[-1] == (True, "ann", LockReason.SILENT)
    assert 25.0 < events[-1].time_s < 26.0


def test_a_lost_board_closes_it_at_once(session_of: Callable[..., Session], sitting: Sitting) -> None:
    events = told(session_of(), sitting.pulse("ann", 25.0), [LinkLost(PortReason.UNPLUGGED, "gone")])
    assert changes(events)[-1] == (True, "ann", LockReason.LINK_LOST)


def test_whatever_ends_it_closes_it(session_of: Callable[..., Session], sitting: Sitting) -> None:
    def broken() -> Iterator[Message]:
        yield from sitting.pulse("ann", 25.0)  # type: ignore[misc]
        raise KeyboardInterrupt

    session, events = session_of(), []
    with pytest.raises(KeyboardInterrupt):
        session.run(broken(), events.append)
    assert changes(events)[-1] == (True, "ann", LockReason.STOPPED)
    assert session.lock.locked


def test_another_pulse_on_a_sensor_that_stayed_on_closes_it(
    session_of: Callable[..., Session], sitting: Sitting
) -> None:
    events = told(session_of(), sitting.pulse("ann", 25.0), sitting.pulse("eve", 60.0))
    assert changes(events)[:2] == [(False, "ann", LockReason.RECOGNISED), (True, "ann", LockReason.DOUBTED)]


def test_only_the_claimed_person_opens_it(session_of: Callable[..., Session], sitting: Sitting) -> None:
    assert changes(told(session_of(claim="ann"), sitting.pulse("ben", 30.0))) == []


def test_failed_tries_lock_out_and_say_nothing_meanwhile(session_of: Callable[..., Session], sitting: Sitting) -> None:
    session = session_of()
    events = told(session, sitting.pulse("eve", 100.0))
    refused = [one for one in events if isinstance(one, TryRefused)]
    assert [one.outcome for one in refused] == ["refused"]
    assert 15.0 < refused[0].wait_s <= 30.0, "30 s from when the fifth try began"
    after = [one for one in events if isinstance(one, WindowScored) and one.time_s > refused[0].time_s]
    assert all(one.time_s >= refused[0].time_s + refused[0].wait_s - 0.1 for one in after)
    assert after, "it goes on after the wait"


def test_the_pin_is_asked_for_each_time_it_is_put_on(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    Guard(gallery.store).set_pin(PIN)
    events = told(
        session_of(Lock(needs_pin=True)),
        sitting.pulse("ann", 20.0),
        [PinEntered(PIN)],
        sitting.pulse("ann", 5.0),
        sitting.air(1.0),
        sitting.pulse("ann", 20.0),
        [PinEntered("000000")],
    )
    names = [one for one in events if isinstance(one, PinNeeded | PinAccepted | LockChanged | TryRefused)]
    assert [type(one).__name__ for one in names] == [
        "PinNeeded", "PinAccepted", "LockChanged", "LockChanged", "PinNeeded", "TryRefused",
    ]  # fmt: skip
    assert isinstance(names[-1], TryRefused)
    assert names[-1].outcome == "wrong PIN"


def test_a_reference_of_this_sitting_is_what_must_go_on(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    """A pulse that has drifted away from the enrolled one: the PIN binds, and the sitting's own pulse verifies."""
    Guard(gallery.store).set_pin(PIN)
    session = session_of(Lock(needs_pin=True), claim="ann", afresh=True)
    events = told(
        session, sitting.pulse("eve", 3.0), [PinEntered(PIN)], sitting.pulse("eve", 130.0), sitting.pulse("ben", 60.0)
    )
    assert changes(events)[:2] == [(False, "ann", LockReason.BOUND_AFRESH), (True, "ann", LockReason.DOUBTED)]
    doubted = next(one for one in events if isinstance(one, LockChanged) and one.locked)
    assert doubted.time_s > 133.0


def test_a_pin_that_comes_before_the_finger_binds_afresh_too(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    Guard(gallery.store).set_pin(PIN)
    session = session_of(Lock(needs_pin=True), claim="ann", afresh=True)
    events = told(session, sitting.air(1.0), [PinEntered(PIN)], sitting.air(1.0), sitting.pulse("eve", 60.0))
    assert changes(events)[0] == (False, "ann", LockReason.BOUND_AFRESH)


def test_without_the_pin_no_pulse_opens_what_is_bound_afresh(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    Guard(gallery.store).set_pin(PIN)
    session = session_of(Lock(needs_pin=True), claim="ann", afresh=True)
    events = told(session, sitting.air(1.0), [PinEntered(PIN)], sitting.air(40.0), sitting.pulse("ann", 60.0))
    assert changes(events) == [], "the PIN is too old"
    assert not [one for one in events if isinstance(one, WindowScored)]


def test_it_enrols_while_it_runs_and_recognises_who_was_enrolled(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    events = told(
        session_of(), [Enrol("eve")], sitting.pulse("eve", 95.0), sitting.air(1.0), sitting.pulse("eve", 30.0, seed=9)
    )
    assert [one.person for one in events if isinstance(one, Enrolled)] == ["eve"]
    assert [one.people for one in events if isinstance(one, GalleryChanged)] == [("ann", "ben", "eve")]
    assert changes(events)[0][:2] == (False, "eve")
    assert [person.name for person in gallery.people()] == ["ann", "ben", "eve"]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Enrol("ann"), "already enrolled"),
        (Enrol("eve", add=True), "not enrolled"),
        (Forget("eve"), "not enrolled"),
        (PinEntered("1"), "no PIN is set"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_stops(
    session_of: Callable[..., Session], sitting: Sitting, request_: Request, says: str
) -> None:
    events = told(session_of(), [request_], sitting.pulse("ann", 25.0))
    (refused,) = (one for one in events if isinstance(one, RequestRefused))
    assert says in refused.text
    assert changes(events)[0][:2] == (False, "ann")


def test_an_enrolment_can_be_left(session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery) -> None:
    session = session_of()
    events = told(session, [Enrol("eve")], sitting.pulse("eve", 15.0), [StopEnrolling()], sitting.pulse("ann", 30.0))
    assert not session.enrolling.active
    assert len(gallery.people()) == 2
    assert changes(events)[0][:2] == (False, "ann")


def test_a_pulse_that_is_somebodys_is_not_enrolled_again(
    session_of: Callable[..., Session], sitting: Sitting, gallery: Gallery
) -> None:
    events = told(session_of(), [Enrol("zoe")], sitting.pulse("ann", 95.0))
    (refused,) = (one for one in events if isinstance(one, RequestRefused))
    assert "belongs to 'ann'" in refused.text
    assert len(gallery.people()) == 2


def test_a_forgotten_person_opens_nothing_and_an_empty_gallery_waits(
    session_of: Callable[..., Session], sitting: Sitting
) -> None:
    session = session_of()
    events = told(session, [Forget("ann"), Forget("ben")], sitting.pulse("ann", 25.0))
    assert [one.people for one in events if isinstance(one, GalleryChanged)] == [("ben",), ()]
    assert session.recogniser is None
    assert changes(events) == []
    assert session.live.waveform().size


def test_a_claim_must_be_enrolled(session_of: Callable[..., Session]) -> None:
    with pytest.raises(GalleryError) as caught:
        session_of(claim="eve")
    assert caught.value.reason is GalleryReason.UNKNOWN_NAME


def test_the_status_follows_the_events(session_of: Callable[..., Session], sitting: Sitting) -> None:
    session, status = session_of(), Status()
    seen: list[tuple[bool, str, bool]] = []

    def take(event: Event) -> None:
        status.take(event)
        seen.append((status.locked, status.person, status.finger))

    session.run((item for part in (sitting.pulse("ann", 25.0), sitting.air(1.0)) for item in part), take)
    assert (False, "ann", True) in seen
    assert seen[-1] == (True, "", False)
    assert status.took_s is not None
    assert 5.0 < status.took_s < 20.0
    assert any("unlocked for ann" in line for line in status.told)
