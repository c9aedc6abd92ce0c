"""Interleaved timing: each row takes its turn every round, so that whatever the machine does hits all alike."""

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.bench.runners import Runner, Window

Clock = Callable[[], int]
"""Nanoseconds since some moment."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often each row is called: `rounds` times `calls`, after `warm_up` calls that do not count."""

    rounds: int = 30
    calls: int = 20
    warm_up: int = 20


def interleaved(
    turns: Sequence[tuple[Runner, Window]], plan: Plan, clock: Clock, progress: Callable[[int], None]
) -> list[NDArray[np.int64]]:
    """Time every runner; the result is one array (rounds * calls,) of nanoseconds each, in the order given.

    A turn begins with one call that does not count: it brings back what the others drove out of the caches.

    Args:
        turns: runners, each with the window (300,) it is given.
        plan: how often.
        clock: read before and after each call.
        progress: told the number of each round.
    """
    times = [np.zeros((plan.rounds, plan.calls), dtype=np.int64) for _ in turns]
    with _no_garbage_collection():
        for runner, window in turns:
            for _ in range(plan.warm_up):
                runner.run(window)
        for number in range(plan.rounds):
            progress(number)
            for (runner, window), rows in zip(turns, times, strict=True):
                _turn(runner, window, rows[number], clock)
    return [rows.reshape(-1) for rows in times]


def _turn(runner: Runner, window: Window, row: NDArray[np.int64], clock: Clock) -> None:
    run = runner.run
    run(window)
    for i in range(len(row)):
        begun = clock()
        run(window)
        row[i] = clock() - begun


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
