"""Every transition of the lock, with times of our own; then any order of what can happen, by hypothesis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.session.lock import DOUBTS, PIN_VALID_S, SILENCE_S, UNVERIFIED_S, Change, Lock, LockReason, Phase

OPENED = Change(locked=False, person="ada", reason=LockReason.RECOGNISED)


def closed(reason: LockReason, person: str = "ada") -> Change:
    return Change(locked=True, person=person, reason=reason)


def worn(lock: Lock, time_s: float = 0.0) -> Lock:
    assert lock.sample(time_s, finger=True) is None
    return lock


def bound(lock: Lock, time_s: float = 0.0) -> Lock:
    assert worn(lock, time_s).recognised("ada", time_s) == OPENED
    return lock


def test_it_starts_closed_and_opens_for_a_recognised_wearer() -> None:
    lock = Lock()
    assert (lock.phase, lock.locked, lock.person) == (Phase.OFF, True, "")
    bound(lock, 3.0)
    assert (lock.phase, lock.locked, lock.person) == (Phase.BOUND, False, "ada")


def test_a_pulse_without_a_wearer_opens_nothing() -> None:
    lock = Lock()
    assert lock.recognised("ada", 1.0) is None
    assert lock.bound_afresh("ada", 1.0) is None
    assert lock.locked


def test_taking_off_closes_at_once_and_putting_on_does_not_open() -> None:
    lock = bound(Lock())
    assert lock.sample(5.0, finger=False) == closed(LockReason.TAKEN_OFF)
    assert lock.phase is Phase.OFF
    assert lock.sample(5.1, finger=True) is None
    assert lock.locked


def test_silence_closes_within_a_second() -> None:
    assert SILENCE_S < 1.0
    lock = bound(Lock(), 10.0)
    assert lock.tick(10.0 + SILENCE_S - 0.01) is None
    assert lock.tick(10.01 + SILENCE_S) == closed(LockReason.SILENT)
    assert worn(Lock(), 0.0).tick(SILENCE_S) is None  # not worn any more, and nothing was open


def test_a_few_refusals_are_forgiven_and_too_many_in_a_row_are_not() -> None:
    lock = bound(Lock())
    for _ in range(DOUBTS - 1):
        assert lock.refused() is None
    assert lock.recognised("ada", 9.0) is None
    for _ in range(DOUBTS - 1):
        assert lock.refused() is None
    assert lock.refused() == closed(LockReason.DOUBTED)
    assert lock.phase is Phase.WORN  # and can be opened again without taking it off


def test_another_person_counts_as_a_refusal() -> None:
    lock = bound(Lock())
    changes = [lock.recognised("eve", 9.0) for _ in range(DOUBTS)]
    assert changes == [None] * (DOUBTS - 1) + [closed(LockReason.DOUBTED)]


def test_a_wearer_who_cannot_be_read_is_not_known_for_ever() -> None:
    lock = bound(Lock(), 0.0)
    assert lock.recognised("ada", 40.0) is None  # verified
    lock.sample(40.0 + UNVERIFIED_S - 0.1, finger=True)
    assert lock.tick(40.0 + UNVERIFIED_S - 0.1) is None
    lock.sample(40.0 + UNVERIFIED_S, finger=True)
    assert lock.tick(40.0 + UNVERIFIED_S) == closed(LockReason.UNVERIFIED)


@pytest.mark.parametrize("reason", [LockReason.LINK_LOST, LockReason.STOPPED])
def test_the_end_closes_whatever_is_open(reason: LockReason) -> None:
    assert bound(Lock()).end(reason) == closed(reason)
    assert bound(Lock(hold_s=5.0)).end(reason) == closed(reason)
    lock = worn(Lock())
    assert lock.end(reason) is None
    assert lock.phase is Phase.OFF


def test_a_lock_that_holds_opens_once_for_each_putting_on() -> None:
    lock = bound(Lock(hold_s=5.0), 0.0)
    assert lock.sample(1.0, finger=False) is None, "the door stays open when the finger leaves"
    assert lock.refused() is None
    assert lock.tick(4.9) is None
    assert lock.tick(5.0) == closed(LockReason.HELD)
    assert lock.phase is Phase.SPENT
    lock.sample(5.1, finger=True)
    assert lock.recognised("ada", 5.2) is None
    assert lock.sample(6.0, finger=False) is None
    assert bound(lock, 7.0).person == "ada"


class TestWithPin:
    def test_pulse_then_pin(self) -> None:
        lock = worn(Lock(needs_pin=True))
        assert lock.recognised("ada", 1.0) is None
        assert lock.pin_due(1.0)
        assert lock.pin_entered(1.0 + PIN_VALID_S) == OPENED
        assert not lock.pin_due(1.0)

    def test_pin_then_pulse(self) -> None:
        lock = Lock(needs_pin=True)
        assert lock.pin_entered(0.0) is None
        assert not lock.pin_due(1.0)
        worn(lock, 1.0)
        assert lock.recognised("ada", PIN_VALID_S) == OPENED

    def test_what_is_too_far_apart_does_not_belong_together(self) -> None:
        lock = worn(Lock(needs_pin=True))
        assert lock.recognised("ada", 0.0) is None
        assert lock.pin_entered(PIN_VALID_S + 0.1) is None
        assert lock.recognised("ada", 2 * PIN_VALID_S + 0.2) is None  # the PIN is old by now

    def test_a_pulse_is_forgotten_when_the_sensor_is_taken_off_or_refuses(self) -> None:
        lock = worn(Lock(needs_pin=True))
        assert lock.recognised("ada", 0.0) is None
        lock.sample(1.0, finger=False)
        worn(lock, 2.0)
        assert lock.pin_entered(3.0) is None
        lock = worn(Lock(needs_pin=True))
        assert lock.recognised("ada", 0.0) is None
        assert lock.refused() is None
        assert lock.pin_entered(3.0) is None

    def test_a_pin_opens_once(self) -> None:
        lock = worn(Lock(needs_pin=True))
        lock.pin_entered(0.0)
        assert lock.recognised("ada", 1.0) == OPENED
        lock.sample(2.0, finger=False)
        worn(lock, 3.0)
        assert lock.recognised("ada", 4.0) is None

    def test_a_reference_of_this_sitting_binds(self) -> None:
        lock = worn(Lock(needs_pin=True))
        assert lock.bound_afresh("ada", 40.0) == Change(False, "ada", LockReason.BOUND_AFRESH)
        assert not lock.locked


STEP = st.tuples(
    st.sampled_from(["on", "off", "ada", "eve", "refused", "pin", "tick", "end"]), st.floats(0.0, 70.0, allow_nan=False)
)


@given(st.lists(STEP, max_size=40), st.booleans(), st.sampled_from([None, 5.0]))
def test_it_is_open_only_from_an_opening_to_the_next_closing(
    steps: list[tuple[str, float]], needs_pin: bool, hold_s: float | None
) -> None:
    lock, now, open_for = Lock(hold_s=hold_s, needs_pin=needs_pin), 0.0, ""
    pinned = -1e9
    for what, wait_s in steps:
        now += wait_s
        pinned = now if what == "pin" else pinned
        change = {
            "on": lambda t: lock.sample(t, finger=True),
            "off": lambda t: lock.sample(t, finger=False),
            "ada": lambda t: lock.recognised("ada", t),
            "eve": lambda t: lock.recognised("eve", t),
            "refused": lambda t: lock.refused(),
            "pin": lock.pin_entered,
            "tick": lock.tick,
            "end": lambda t: lock.end(LockReason.STOPPED),
        }[what](now)
        if change is not None:
            assert change.locked == bool(open_for), "it opens when closed, and closes when open"
            assert not change.locked or change.person == open_for
            if not change.locked and needs_pin:
                assert now - pinned <= PIN_VALID_S
            open_for = "" if change.locked else change.person
        assert lock.locked == (not open_for)
        assert lock.person == open_for
        if what in ("off", "end") and hold_s is None:
            assert lock.locked
