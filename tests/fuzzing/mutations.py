"""Ways to damage a stream, each in place and with the randomness it is given."""

from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytearray, bytes], None]
"""Takes the stream, never empty, and another to take bytes from."""
LONGEST = 120
"""Two frames and a half: damage within one frame, across a border, and of whole frames."""


def lose(rng: Random, stream: bytearray, _: bytes) -> None:
    """A few bytes are gone: a UART that was not read in time."""
    at = rng.randrange(len(stream))
    del stream[at : at + rng.choice((1, 1, 1, 2, 3, rng.randint(4, LONGEST)))]


def insert(rng: Random, stream: bytearray, _: bytes) -> None:
    """Bytes come that nobody sent."""
    at = rng.randint(0, len(stream))
    stream[at:at] = rng.randbytes(rng.choice((1, 1, 2, rng.randint(3, LONGEST))))


def flip(rng: Random, stream: bytearray, _: bytes) -> None:
    """Single bits, all within one frame's length: noise on the line."""
    start = rng.randrange(len(stream))
    for _bit in range(rng.randint(1, 8)):
        at = min(start + rng.randrange(50), len(stream) - 1)
        stream[at] ^= 1 << rng.randrange(8)


def overwrite(rng: Random, stream: bytearray, _: bytes) -> None:
    """A burst of anything in the place of what was sent."""
    at = rng.randrange(len(stream))
    count = min(rng.choice((1, 2, rng.randint(3, 50))), len(stream) - at)
    stream[at : at + count] = rng.randbytes(count)


def truncate(rng: Random, stream: bytearray, _: bytes) -> None:
    """The end is missing: a plug pulled."""
    del stream[rng.randint(1, len(stream)) :]


def behead(rng: Random, stream: bytearray, _: bytes) -> None:
    """The beginning is missing: a reader that came late."""
    del stream[: rng.randrange(min(len(stream), LONGEST))]


def splice(rng: Random, stream: bytearray, donor: bytes) -> None:
    """Another stream goes on from somewhere in this one."""
    at = rng.randint(1, len(stream))
    stream[at:] = donor[rng.randrange(len(donor)) :][: LONGEST * 3]


def splice_same_length(rng: Random, stream: bytearray, donor: bytes) -> None:
    """The cruellest damage: bytes of another stream in the place of as many of this one, so that lengths stay."""
    at, start = rng.randrange(len(stream)), rng.randrange(len(donor))
    part = donor[start : start + min(rng.randint(1, 49), len(stream) - at)]
    stream[at : at + len(part)] = part


def duplicate(rng: Random, stream: bytearray, _: bytes) -> None:
    """A chunk comes twice."""
    at, to = rng.randrange(len(stream)), rng.randint(0, len(stream))
    stream[to:to] = stream[at : at + rng.randint(1, LONGEST)]


def reorder(rng: Random, stream: bytearray, _: bytes) -> None:
    """Two neighbouring chunks change places."""
    a, b, c = sorted(rng.randint(0, len(stream)) for _edge in range(3))
    stream[a:c] = stream[b:c] + stream[a:b]


def zeros(rng: Random, stream: bytearray, _: bytes) -> None:
    """A run of zeros, in the place of bytes or between them: a line held low."""
    at, count = rng.randrange(len(stream)), rng.choice((1, 1, rng.randint(2, LONGEST)))
    stream[at : at + rng.choice((0, count))] = bytes(count)


def babble(rng: Random, stream: bytearray, _: bytes) -> None:
    """Nothing of the stream is left: another baud rate."""
    stream[:] = rng.randbytes(rng.randint(1, 600))


MUTATIONS: tuple[Mutation, ...] = (
    lose, insert, flip, overwrite, truncate, behead, splice, splice_same_length, duplicate, reorder, zeros, babble,
)  # fmt: skip
MOST = 4
"""Kinds of damage in one stream."""


def damage(rng: Random, stream: bytearray, donor: bytes) -> None:
    """One to four kinds of damage; every kind is as likely, but babble, which leaves nothing to test."""
    for _ in range(rng.randint(1, MOST)):
        mutation = rng.choice(MUTATIONS)
        if mutation is babble and rng.random() < 0.5:
            continue
        mutation(rng, stream, donor)
        if not stream:
            stream += b"\0"
