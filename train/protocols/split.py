"""Windows that train and windows that test, and the assertion that they never meet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.errors import TrainError, TrainReason
from train.frontend_design import RATE_HZ
from train.people import Record, assert_apart, assert_strangers, numbers_near
from train.stretches import stretches_of_windows
from train.synchronous import MARGIN_SAMPLES, PersonPairs

GUARD_SAMPLES = MARGIN_SAMPLES + 16
"""Between what trains and what tests: a window's margin, and what the resampler looks ahead at 125 Hz."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowSet:
    """Windows of several people, one array a fact; n windows, rows of a person together and in order of time."""

    people: tuple[str, ...]
    """Whom ``label`` means."""
    numbers: tuple[int, ...]
    """Their record numbers, -1 where nearness of two means nothing."""
    label: NDArray[np.int64]
    """(n,) number in ``people``."""
    start: NDArray[np.int64]
    """(n,) first sample at 125 Hz."""
    ppg: NDArray[np.float32]
    wide: NDArray[np.float32]
    ecg: NDArray[np.float32]
    has_ecg: NDArray[np.bool_]
    """These four as in ``PersonPairs``."""

    @classmethod
    def of(cls, parts: Sequence[tuple[PersonPairs, NDArray[np.bool_]]]) -> "WindowSet":
        """The chosen windows, a mask a person."""
        labels = [np.full(int(mask.sum()), i, dtype=np.int64) for i, (_, mask) in enumerate(parts)]
        return cls(
            people=tuple(one.subject for one, _ in parts),
            numbers=tuple(one.number for one, _ in parts),
            label=np.concatenate(labels),
            start=np.concatenate([one.start[mask] for one, mask in parts]),
            ppg=np.concatenate([one.ppg[mask] for one, mask in parts]),
            wide=np.concatenate([one.wide[mask] for one, mask in parts]),
            ecg=np.concatenate([one.ecg[mask] for one, mask in parts]),
            has_ecg=np.concatenate([one.has_ecg[mask] for one, mask in parts]),
        )


def rivals(windows: WindowSet) -> NDArray[np.bool_]:
    """(people, people) whether a person may stand as an impostor of another, or is that person themselves."""
    near = [
        [i != j and numbers_near(a, b) for j, b in enumerate(windows.numbers)] for i, a in enumerate(windows.numbers)
    ]
    return ~np.array(near, dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What one experiment may see."""

    train: WindowSet
    test: WindowSet
    left_out: tuple[str, ...]
    """People with too few windows."""

    @property
    def closed(self) -> bool:
        """Whether those tested are those who train."""
        return self.train.people == self.test.people

    def check(self) -> None:
        """Assert that nothing leaks.

        Raises:
            TrainError: LEAK, a window that tests is also one that trains, by person, by time or by its signal; a person
                is tested whom the network cannot name; or two people who are tested as strangers may be one.
        """
        unknown = sorted(set(self.test.people) - set(self.train.people))
        if unknown and set(self.train.people) & set(self.test.people):
            raise TrainError(
                TrainReason.LEAK,
                f"{unknown[0]} is tested and does not train: either everyone does both or nobody; mend the split",
            )
        if self.closed:
            self._check_times()
        tested = _records(self.test, parts=self.closed)
        assert_apart(_records(self.train, parts=self.closed), tested)
        if not self.closed:
            assert_strangers(tested)

    def _check_times(self) -> None:
        length = self.train.ppg.shape[1]
        for number, person in enumerate(self.test.people):
            tested = self.test.start[self.test.label == number]
            trained = self.train.start[self.train.label == number]
            if not tested.size or not trained.size:
                where = "test" if trained.size else "training"
                raise TrainError(TrainReason.LEAK, f"{person} has no {where} window; leave them out of both")
            if int(trained.max()) + length + GUARD_SAMPLES > int(tested.min()):
                raise TrainError(TrainReason.LEAK, f"windows of {person} that train reach into those that test")


def _records(windows: WindowSet, *, parts: bool) -> list[Record]:
    """Everybody's windows for the guard; ``parts`` says that the rest of a recording may be on the other side."""
    length = windows.ppg.shape[1]
    records = []
    for number, person in enumerate(windows.people):
        own = windows.label == number
        start = windows.start[own]
        records.append(
            Record(
                person,
                person,
                windows.numbers[number],
                stretches=stretches_of_windows(windows.wide[own], start - MARGIN_SAMPLES, RATE_HZ),
                span=_span(start, length) if parts else None,
            )
        )
    return records


def _span(start: NDArray[np.int64], length: int) -> tuple[int, int]:
    """The first sample of windows and the first past them."""
    return int(start.min()), int(start.max()) + length
