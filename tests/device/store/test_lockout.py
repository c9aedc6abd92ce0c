"""The lockout: rounds, doubling, restarts, and clocks that are set."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.errors import GalleryReason
from device.gallery import Gallery
from device.store.guard import Guard, Outcome, Verdict
from device.store.lockout import Lockout, Moment


class Clock:
    """A machine's time since boot."""

    def __init__(self) -> None:
        self.boot, self.uptime_s = "boot 1", 1000.0

    def __call__(self) -> Moment:
        return Moment(self.boot, self.uptime_s)

    def reboot(self, uptime_s: float) -> None:
        self.boot, self.uptime_s = self.boot + "'", uptime_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(guard: Guard, times: int = 1) -> Verdict:
    verdict: Verdict | None = None
    for _ in range(times):
        assert guard.begin("Ann") is None
        verdict = guard.conclude("Ann", accepted=False)
    assert verdict is not None
    return verdict


def test_rounds_double_up_to_an_hour() -> None:
    lockout, uptime_s, locks = Lockout(), 0.0, []
    for _ in range(20):
        for left in (4, 3, 2, 1):
            lockout = lockout.failed(Moment("b", uptime_s))
            assert lockout.failures == 5 - left
            assert lockout.wait_s(Moment("b", uptime_s)) == 0.0
        lockout = lockout.failed(Moment("b", uptime_s))
        locks.append(lockout.wait_s(Moment("b", uptime_s)))
        uptime_s += locks[-1]
        assert lockout.wait_s(Moment("b", uptime_s - 0.5)) == pytest.approx(0.5)
    assert locks == [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0] + 13 * [3600.0]


def test_many_rounds_do_not_overflow() -> None:
    assert Lockout(rounds=10**6, since=Moment("b", 0.0)).wait_s(Moment("b", 0.0)) == 3600.0


@pytest.mark.parametrize(
    ("now", "wait_s"),
    [
        (Moment("b", 100.0), 60.0),
        (Moment("b", 130.0), 30.0),
        (Moment("b", 161.0), 0.0),
        (Moment("b", 50.0), 60.0),  # a clock that ran back: no shorter, and no longer
        (Moment("c", 0.0), 60.0),
        (Moment("c", 20.0), 40.0),
        (Moment("c", 100.0), 0.0),
    ],
)
def test_only_time_since_the_lock_or_the_boot_counts(now: Moment, wait_s: float) -> None:
    assert Lockout(rounds=2, since=Moment("b", 100.0)).wait_s(now) == wait_s


def test_it_survives_a_dictionary() -> None:
    for lockout in (Lockout(), Lockout(3, 2, Moment("b", 1.25))):
        assert Lockout.from_dict(lockout.to_dict()) == lockout


def test_this_machine_has_such_a_clock() -> None:
    one, other = Moment.now(), Moment.now()
    assert one.boot == other.boot
    assert 0.0 < one.uptime_s <= other.uptime_s


def test_five_failed_tries_lock_and_a_success_forgets_them(enrolled: Path, clock: Clock) -> None:
    with Gallery(enrolled) as gallery:
        guard = Guard(gallery.store, clock)
        assert fail(guard, 4) == Verdict(Outcome.REFUSED, 0.0, 1)
        assert guard.begin("Ann") is None
        assert guard.conclude("Ann", accepted=True) == Verdict(Outcome.ACCEPTED, 0.0, 5)  # even the fifth
        assert fail(guard, 5) == Verdict(Outcome.REFUSED, 30.0, 5)
        clock.uptime_s += 29.0
        assert guard.barrier() == Verdict(Outcome.LOCKED, 1.0, 5)
        assert guard.begin("Ben") == Verdict(Outcome.LOCKED, 1.0, 5)  # the next name does not begin anew
        clock.uptime_s += 1.0
        assert guard.barrier() is None
        assert fail(guard, 5).wait_s == 60.0


def test_it_survives_restarts_power_loss_and_a_clock_set_back(
    enrolled: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gallery(enrolled) as gallery:
        fail(Guard(gallery.store, clock), 4)
    with Gallery(enrolled) as gallery:
        assert fail(Guard(gallery.store, clock)).wait_s == 30.0
    clock.reboot(12.0)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # 1970; the wall clock is asked by nobody
    with Gallery(enrolled) as gallery:
        assert Guard(gallery.store, clock).barrier() == Verdict(Outcome.LOCKED, 18.0, 5)
    clock.reboot(0.0)
    with Gallery(enrolled) as gallery:
        assert Guard(gallery.store, clock).barrier() == Verdict(Outcome.LOCKED, 30.0, 5)


def test_a_try_that_was_cut_off_counts_as_failed(enrolled: Path, clock: Clock) -> None:
    with Gallery(enrolled) as gallery:
        for _ in range(5):
            assert Guard(gallery.store, clock).begin("Ann") is None
        assert Guard(gallery.store, clock).barrier() == Verdict(Outcome.LOCKED, 30.0, 5)


def test_an_old_lockout_cannot_be_put_back(enrolled: Path, clock: Clock, attack: Any, refuses: Any) -> None:
    ((generation, head),) = attack(enrolled, "SELECT generation, head FROM store")
    with Gallery(enrolled) as gallery:
        fail(Guard(gallery.store, clock), 5)
    attack(enrolled, "UPDATE store SET generation = ?, head = ?", generation, head)
    with refuses(GalleryReason.ROLLED_BACK):
        Gallery(enrolled)


def lock_for_three_rounds(guard: Guard, clock: Clock) -> None:
    for _ in range(3):
        clock.uptime_s += fail(guard, 5).wait_s


def test_the_pin_is_due_after_three_rounds(enrolled: Path, clock: Clock) -> None:
    with Gallery(enrolled) as gallery:
        guard = Guard(gallery.store, clock)
        guard.set_pin("135790")
        lock_for_three_rounds(guard, clock)
        assert guard.begin("Ann") == Verdict(Outcome.PIN_DUE, 0.0, 5)
        assert guard.enter_pin("135791") == Verdict(Outcome.WRONG_PIN, 0.0, 4)
        assert guard.begin("Ann") == Verdict(Outcome.PIN_DUE, 0.0, 4)
        assert guard.enter_pin("135790") is None
        assert guard.barrier() is None
        assert fail(guard).tries_left == 4


def test_wrong_pins_lock_too_and_the_right_one_waits(enrolled: Path, clock: Clock) -> None:
    with Gallery(enrolled) as gallery:
        guard = Guard(gallery.store, clock)
        guard.set_pin("135790")
        for left in (4, 3, 2, 1):
            assert guard.enter_pin("000000") == Verdict(Outcome.WRONG_PIN, 0.0, left)
        assert guard.enter_pin("000000") == Verdict(Outcome.WRONG_PIN, 30.0, 5)
        assert guard.enter_pin("135790") == Verdict(Outcome.LOCKED, 30.0, 5)
        clock.uptime_s += 30.0
        assert guard.enter_pin("135790") is None


def test_without_a_pin_only_the_time_is_due(enrolled: Path, clock: Clock, refuses: Any) -> None:
    with Gallery(enrolled) as gallery:
        guard = Guard(gallery.store, clock)
        lock_for_three_rounds(guard, clock)
        assert guard.barrier() is None
        with refuses(GalleryReason.WRONG_PIN, "pulsekey pin"):
            guard.enter_pin("135790")
        with refuses(GalleryReason.WRONG_PIN, "after the next success"):
            guard.set_pin("135790")  # or whoever was locked out would set one, and enter it


@pytest.mark.parametrize("digits", ["", "12345", "1234567890123", "12345a", "\u0661\u0662\u0663\u0664\u0665\u0666"])
def test_what_is_no_pin_is_refused(enrolled: Path, refuses: Any, digits: str) -> None:
    with Gallery(enrolled) as gallery, refuses(GalleryReason.WRONG_PIN, "6 to 12 digits"):
        Guard(gallery.store).set_pin(digits)


def test_the_pin_is_not_in_the_files(enrolled: Path, clock: Clock, copies: Callable[[Path], dict[Path, bytes]]) -> None:
    with Gallery(enrolled) as gallery:
        Guard(gallery.store, clock).set_pin("135790")
        with gallery.store.reading() as view:
            assert view.head.pin is not None
            digest = view.head.pin.digest
    content = b"".join(copies(enrolled).values())
    assert b"135790" not in content
    assert digest not in content


def test_tries_are_in_the_log(enrolled: Path, clock: Clock) -> None:
    with Gallery(enrolled) as gallery:
        guard = Guard(gallery.store, clock)
        fail(guard, 5)
        guard.begin("Ann")
        told = [(entry.event, entry.outcome, entry.person) for entry in gallery.log_entries()[4:]]
    one = [("verify", "begun", "Ann"), ("verify", "refused", "Ann")]
    assert told == 5 * one + [("verify", "locked", "Ann")]
