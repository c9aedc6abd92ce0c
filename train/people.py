"""Who is a person: the rules that tell people apart, the draws that keep them apart, and the guard on every split."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Protocol, TypeVar

import numpy as np

from firmware_bridge.recordings import Recording
from train.errors import TrainError, TrainReason
from train.preparing.cutting import content_hash
from train.stretches import Stretches, none_known, shared, stretches_of

MIN_NUMBER_DISTANCE = 11
"""Records of the challenge whose numbers differ by less may be of one person."""


class Numbered(Protocol):
    """Whoever has a record number, -1 where nearness of two numbers means nothing."""

    @property
    def number(self) -> int:
        """As ``Identity.number``."""


class Named(Protocol):
    """Whoever is somebody."""

    @property
    def subject(self) -> str:
        """Who it is."""


_N = TypeVar("_N", bound=Numbered)
_S = TypeVar("_S", bound=Named)
_T = TypeVar("_T")


def may_be_one_person(first: Numbered, second: Numbered) -> bool:
    """Whether two recordings are too near in number to stand as impostors of each other."""
    return numbers_near(first.number, second.number)


def numbers_near(first: int, second: int) -> bool:
    """The same of two record numbers; -1 is near to none."""
    return min(first, second) >= 0 and abs(first - second) < MIN_NUMBER_DISTANCE


def hold_out(identities: Sequence[_N], count: int, seed: int) -> list[_N]:
    """Draw people to hold out, no two of whom may be one.

    Args:
        identities: one an inferred person.
        count: how many to draw at most.
        seed: of the draw.
    """
    return draw_apart(identities, count, seed, may_be_one_person)


def draw_apart(people: Sequence[_T], count: int, seed: int, may_be_one: Callable[[_T, _T], bool]) -> list[_T]:
    """The same draw by another rule of who may be one person."""
    held: list[_T] = []
    for i in np.random.default_rng(seed).permutation(len(people)):
        if len(held) < count and not any(may_be_one(people[i], other) for other in held):
            held.append(people[i])
    return held


def without(identities: Sequence[_S], held: Sequence[_S]) -> list[_S]:
    """Those of another inferred group than anyone held out; groups are merged too eagerly, never too little."""
    subjects = {one.subject for one in held}
    return [one for one in identities if one.subject not in subjects]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What the guard knows of one recording, or of one side's part of it."""

    person: str
    name: str
    """Of the recording."""
    number: int = -1
    """As ``Identity.number``."""
    source: str = ""
    """Numbers are compared within one source."""
    digest: str = ""
    """Of its samples (``train.preparing.cutting.content_hash``); nothing where they are not at hand or say nothing."""
    stretches: Stretches = field(default_factory=none_known)
    span: tuple[int, int] | None = None
    """First sample of this part and the first past it, with all that was looked at to make it, where only a part of
    the recording is meant: two parts of one recording may then lie on either side."""


def record_of(recording: Recording, number: int = -1) -> Record:
    """A whole recording for the guard."""
    ppg = recording.ppg[np.isfinite(recording.ppg)]
    flat = not ppg.size or ppg.min() == ppg.max()  # two sensors that measured nothing are no copies of each other
    return Record(
        recording.subject,
        recording.record,
        number,
        digest="" if flat else content_hash(recording),
        stretches=stretches_of(recording.ppg, recording.rate_hz),
    )


def assert_apart(
    first: Sequence[Record], second: Sequence[Record], sides: tuple[str, str] = ("trains", "is tested")
) -> None:
    """Assert that nobody, no recording and no second of signal is on both sides.

    Nearness of record numbers is no reason here: it is for ``assert_strangers``, and of the 221 people of the challenge
    who train by default 220 are near in number to somebody held out.

    Args:
        first: one side.
        second: the other.
        sides: what each does, in words.

    Raises:
        TrainError: LEAK, with both recordings' names.
    """
    theirs = defaultdict(list)
    for other in second:
        theirs[other.person].append(other)
    for one in first:
        for other in theirs[one.person]:
            if not _parts_of_one(one, other):
                raise _leak(f"{one.person} {sides[0]} and {sides[1]}", one, other)
    for one, other, count in _same_signal(first, second):
        if one.person != other.person:
            raise _leak(f"one who {sides[0]} and one who {sides[1]} {_amount(count)}", one, other)


def assert_strangers(people: Sequence[Record]) -> None:
    """Assert that no two people who stand as impostors of each other may be one.

    Raises:
        TrainError: LEAK, two are near in record number within one source, or hold the same seconds of signal.
    """
    for one, other in combinations([person for person in people if person.number >= 0], 2):
        if one.person != other.person and one.source == other.source and may_be_one_person(one, other):
            raise _leak("two people compared as strangers are near in record number", one, other)
    for one, other, count in _same_signal(people, people):
        if one.person != other.person:
            raise _leak(f"two people compared as strangers {_amount(count)}", one, other)


def _parts_of_one(one: Record, other: Record) -> bool:
    if one.span is None or other.span is None or one.name != other.name:
        return False
    return one.span[1] <= other.span[0] or other.span[1] <= one.span[0]


def _same_signal(first: Sequence[Record], second: Sequence[Record]) -> list[tuple[Record, Record, int]]:
    """Every two recordings of one signal, or with seconds in common: both, and stretches shared, 0 for all of it."""
    whose = defaultdict(list)
    for other in second:
        whose[other.digest].append(other)
    copies = [(one, other, 0) for one in first if one.digest for other in whose[one.digest]]
    parts = shared([one.stretches for one in first], [one.stretches for one in second])
    return copies + [(first[i], second[j], count) for i, j, count in parts]


def _amount(count: int) -> str:
    return (
        f"hold the same seconds of signal ({count} stretches of one)" if count else "are one signal, sample by sample"
    )


def _leak(what: str, one: Record, other: Record) -> TrainError:
    records = f"record {one.name} of {one.person} and record {other.name} of {other.person}"
    return TrainError(TrainReason.LEAK, f"{what}: {records}; leave one out")
