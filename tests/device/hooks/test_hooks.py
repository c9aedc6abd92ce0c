"""Hooks follow the lock, whatever becomes of each other."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from device.errors import HookError, HookReason
from device.events import FingerChanged, LockChanged
from device.hooks.change import Change
from device.hooks.hooks import Hooks
from tests.device.hooks.conftest import WAIT_S, Told, comes_true, make_change


class Recorder:
    """Notes what it is told; `before` runs first, and may raise or wait."""

    def __init__(self, *, in_order: bool, before: Callable[[Change], None] = lambda change: None) -> None:
        self.name = "recorder"
        self.in_order = in_order
        self.seen: list[tuple[str, str]] = []
        self.closed = 0
        self._before = before

    def apply(self, change: Change) -> None:
        self._before(change)
        self.seen.append((change.state, change.person))

    def close(self) -> None:
        self.closed += 1


class Gate:
    """Holds a hook at its first change until it is opened."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, change: Change) -> None:
        self.reached.set()
        assert self.open.wait(WAIT_S)


def test_each_change_arrives_in_order(told: Told, unlock: Change, lock: Change) -> None:
    gates = [Gate(), Gate()]
    hooks = [Recorder(in_order=True, before=gates[0]), Recorder(in_order=False, before=gates[1])]
    with Hooks(hooks, told) as all_of_them:
        all_of_them.apply(unlock)
        for gate in gates:
            assert gate.reached.wait(WAIT_S)
            gate.open.set()
        all_of_them.apply(lock)
        all_of_them.close()
    for hook in hooks:
        assert hook.seen == [("unlocked", "Ada"), ("locked", "Ada")]
        assert hook.closed == 1
    assert told.all() == []


def test_of_a_sessions_events_it_heeds_the_locks(told: Told) -> None:
    seen: list[Change] = []
    hook = Recorder(in_order=True, before=seen.append)
    with Hooks([hook], told) as hooks:
        hooks.heed(FingerChanged(1.0, on=True))
        hooks.heed(LockChanged(2.0, locked=False, person="Ada", reason="recognised"))
        assert comes_true(lambda: len(seen) == 1)
        hooks.heed(LockChanged(3.0, locked=True, person="Ada", reason="taken off"))
    assert [(change.locked, change.person, change.reason) for change in seen] == [
        (False, "Ada", "recognised"),
        (True, "Ada", "taken off"),
    ]
    assert all(datetime.fromisoformat(change.time_utc).utcoffset() == timedelta(0) for change in seen)


def test_closing_locks_what_is_open_and_nothing_else(told: Told, unlock: Change, lock: Change) -> None:
    for changes, seen in (([], []), ([unlock, lock], ["unlocked", "locked"]), ([unlock], ["unlocked", "locked"])):
        gate = Gate()
        hook = Recorder(in_order=True, before=gate)
        with Hooks([hook], told) as hooks:
            for change in changes:
                hooks.apply(change)
                if change is unlock:
                    assert gate.reached.wait(WAIT_S)
            gate.open.set()
        assert ([state for state, _ in hook.seen], hook.closed) == (seen, 1)


def test_a_slow_hook_holds_up_neither_the_lock_nor_another_hook(told: Told, unlock: Change, lock: Change) -> None:
    gate = Gate()
    slow, arrived = Recorder(in_order=False, before=gate), threading.Event()
    quick = Recorder(in_order=False, before=lambda change: arrived.set() if change is lock else None)
    with Hooks([slow, quick], told) as hooks:
        hooks.apply(unlock)
        assert gate.reached.wait(WAIT_S)
        hooks.apply(lock)  # returns although the hook is still at the unlock
        assert arrived.wait(WAIT_S)
        assert slow.seen == []
        gate.open.set()
    assert slow.seen == [("unlocked", "Ada"), ("locked", "Ada")]


def test_an_unlock_that_is_over_before_it_begins_is_left_out_and_told(told: Told, unlock: Change, lock: Change) -> None:
    gate = Gate()
    hook = Recorder(in_order=True, before=gate)
    with Hooks([hook], told) as hooks:
        hooks.apply(unlock)
        assert gate.reached.wait(WAIT_S)
        for change in (lock, make_change("unlocked", "Ben"), make_change("locked", "Ben")):
            hooks.apply(change)
        gate.open.set()
    assert hook.seen == [("unlocked", "Ada"), ("locked", "Ada")]
    assert told.all() == ["recorder: locked again before it could act for Ben: nothing was done"]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (HookError(HookReason.FAILED, "no luck"), "recorder: no luck"),
        (ZeroDivisionError("a fault of ours"), "recorder: ZeroDivisionError: a fault of ours"),
    ],
)
def test_a_failure_is_told_and_the_next_lock_still_arrives(
    told: Told, unlock: Change, lock: Change, fault: Exception, line: str
) -> None:
    def fail(change: Change) -> None:
        if not change.locked:
            raise fault

    hook = Recorder(in_order=True, before=fail)
    with Hooks([hook], told) as hooks:
        hooks.apply(unlock)
        assert told.next() == line
        hooks.apply(lock)
    assert (hook.seen, hook.closed, told.all()) == ([("locked", "Ada")], 1, [])


def test_a_hook_that_cannot_be_closed_is_told(told: Told) -> None:
    class Stuck(Recorder):
        def close(self) -> None:
            raise HookError(HookReason.NO_GPIO, "stuck")

    with Hooks([Stuck(in_order=True)], told):
        pass
    assert told.all() == ["recorder: stuck"]


def test_nobody_to_tell_does_not_keep_a_lock_from_a_hook(
    unlock: Change, lock: Change, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(change: Change) -> None:
        if not change.locked:
            raise HookError(HookReason.FAILED, "no luck")

    def tell(text: str) -> None:
        raise BrokenPipeError("nobody reads")

    tried = threading.Event()
    hook = Recorder(in_order=True, before=lambda change: (tried.set(), fail(change))[1])
    with Hooks([hook], tell) as hooks:
        hooks.apply(unlock)
        assert tried.wait(WAIT_S)
        hooks.apply(lock)
    assert hook.seen == [("locked", "Ada")]
    assert "recorder: no luck (which could not be shown: nobody reads)" in caplog.text


def test_a_hook_that_hangs_is_left_and_told(told: Told, unlock: Change) -> None:
    gate = Gate()
    hook = Recorder(in_order=False, before=gate)
    hooks = Hooks([hook], told, close_s=0.05)
    hooks.apply(unlock)
    assert gate.reached.wait(WAIT_S)
    hooks.close()
    assert told.all() == ["recorder: not done after 0.05 s, and left: see whether it is locked"]
    gate.open.set()
