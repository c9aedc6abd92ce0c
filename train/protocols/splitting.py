"""Cuts people and their windows into what trains and what tests."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from train.errors import TrainError, TrainReason
from train.people import hold_out
from train.protocols.config import Protocol, ProtocolConfig, Stage
from train.protocols.split import GUARD_SAMPLES, Split, WindowSet
from train.synchronous import PersonPairs

TRAIN_SHARE = 0.8
SPLIT_SEED = 2501
"""Who is tested is the same in every experiment, whatever its seed."""


def split_people(people: Sequence[PersonPairs], config: ProtocolConfig) -> Split:
    """The split of a protocol.

    While tuning, the part that trains is cut once more by the same rule, and what tests is never touched.

    Args:
        people: everyone, in a fixed order.
        config: which protocol, and its bounds.

    Raises:
        TrainError: fewer than two people have enough windows, or the split leaks.
    """
    enough = [one for one in people if int(on_grid(one).sum()) >= config.min_windows]
    if len(enough) < 2:
        raise TrainError(
            TrainReason.TOO_FEW_PEOPLE,
            f"{len(enough)} of {len(people)} people have {config.min_windows} good windows; give more recordings",
        )
    left_out = tuple(one.subject for one in people if one not in enough)
    cut = _by_time if config.kind == Protocol.SAMPLE_WISE else _by_person
    split = cut(enough, config, left_out)
    split.check()
    return split


def on_grid(one: PersonPairs) -> NDArray[np.bool_]:
    """(n,) windows that do not overlap: greedily, each begins where or after the one before it ended."""
    chosen = np.zeros(one.start.size, dtype=np.bool_)
    free = -1
    for i, start in enumerate(one.start.tolist()):
        if start >= free:
            chosen[i] = True
            free = start + one.ppg.shape[1]
    return chosen


def _by_time(people: list[PersonPairs], config: ProtocolConfig, left_out: tuple[str, ...]) -> Split:
    stage = Stage(config.stage)
    train, test = [], []
    for one in people:
        grid = np.flatnonzero(on_grid(one))
        last = _share(len(grid))
        first = _share(last) if stage is Stage.TUNE else last
        chosen = np.zeros(one.start.size, dtype=np.bool_)
        chosen[grid[first : last if stage is Stage.TUNE else None]] = True
        before = one.start + one.ppg.shape[1] + GUARD_SAMPLES <= one.start[grid[first]]
        train.append((one, before & _trains(one, config)))
        test.append((one, chosen))
    return Split(WindowSet.of(train), WindowSet.of(test), left_out)


def _by_person(people: list[PersonPairs], config: ProtocolConfig, left_out: tuple[str, ...]) -> Split:
    tested = hold_out(people, len(people) - _share(len(people)), SPLIT_SEED)
    trained = [one for one in people if one not in tested]
    if config.stage == Stage.TUNE:
        tested = hold_out(trained, len(trained) - _share(len(trained)), SPLIT_SEED + 1)
        trained = [one for one in trained if one not in tested]
    train = [(one, _trains(one, config)) for one in trained]
    test = [(one, on_grid(one)) for one in tested]
    return Split(WindowSet.of(train), WindowSet.of(test), left_out)


def _trains(one: PersonPairs, config: ProtocolConfig) -> NDArray[np.bool_]:
    return np.ones(one.start.size, dtype=np.bool_) if config.overlap else on_grid(one)


def _share(count: int) -> int:
    return int(TRAIN_SHARE * count)
