"""Who is called when, and what is counted, with runners that only take notes and a clock that they turn."""

import gc
from typing import Any

import numpy as np

from device.bench.rounds import Plan, interleaved


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class FakeRunner:
    """Takes `cost` ns, and as much more each time."""

    def __init__(self, name: str, cost: int, clock: Clock, notes: list[str]) -> None:
        self.name = name
        self.cost = cost
        self.calls = 0
        self.clock = clock
        self.notes = notes

    def run(self, window: Any) -> Any:
        assert not gc.isenabled()
        self.calls += 1
        self.clock.now += self.cost + self.calls
        self.notes.append(self.name)
        return window


def test_rows_take_turns_and_every_call_but_the_first_of_a_turn_counts() -> None:
    clock, notes, rounds = Clock(), [], []
    window = np.zeros(300, dtype=np.float32)
    runners = [FakeRunner("a", 1_000, clock, notes), FakeRunner("b", 50_000, clock, notes)]
    assert gc.isenabled()
    times = interleaved([(one, window) for one in runners], Plan(rounds=3, calls=2, warm_up=4), clock, rounds.append)
    assert gc.isenabled()
    assert "".join(notes) == "aaaa" + "bbbb" + 3 * ("aaa" + "bbb")
    assert rounds == [0, 1, 2]
    for runner, row in zip(runners, times, strict=True):
        expected, call = [], 4
        for _ in range(3):
            call += 1  # which brings the caches back
            for _ in range(2):
                call += 1
                expected.append(runner.cost + call)
        assert row.tolist() == expected


def test_garbage_collection_comes_back_after_a_failure() -> None:
    class Broken:
        def run(self, window: Any) -> Any:
            raise RuntimeError("no kernel")

    try:
        interleaved([(Broken(), np.zeros(300, dtype=np.float32))], Plan(), Clock(), lambda _: None)
    except RuntimeError:
        assert gc.isenabled()
    else:
        raise AssertionError("the failure was swallowed")
