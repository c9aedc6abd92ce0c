"""One damaged stream from one number: the same number gives the same stream."""

from dataclasses import dataclass
from random import Random

from tests.fuzzing.material import TEXT_LINES, Material
from tests.fuzzing.mutations import damage

TAIL = 3
"""Whole frames after the last bad byte; of them at most the first two may be missing."""
TEXT_TAIL = 12
"""Whole lines after it: eight that do not fit what damage was taken for, three to recognise, one more."""
TEXT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes to be fed in ``chunks``; the last ``TAIL`` frames, or lines, of ``tail`` are whole."""

    chunks: list[bytes]
    data: bytes
    tail: list[bytes]
    is_text: bool


def make_stream(material: Material, number: int, seed: int = 0) -> Stream:
    """Stream ``number`` of ``seed``."""
    rng = Random(seed << 40 | number)
    return _text_stream(rng) if rng.random() < TEXT_SHARE else _frame_stream(material, rng)


def _frame_stream(material: Material, rng: Random) -> Stream:
    pieces = rng.choice(material.boards)
    start, length = rng.randrange(len(pieces) - 40), rng.randint(2, 12)
    kind = rng.random()
    if kind < 0.85:
        stream = bytearray(joined(pieces[start : start + length]))
    elif kind < 0.95:
        stream = bytearray(joined(rng.choices(material.golden, k=length)))
    else:
        stream = bytearray(rng.choice(material.seeds))
    tail = pieces[start + length : start + length + TAIL]
    other = pieces if rng.random() < 0.5 else rng.choice(material.boards)
    at = rng.randrange(len(other) - 8)
    damage(rng, stream, joined(other[at : at + 8]))
    data = bytes(stream) + joined(tail)
    return Stream(cut(rng, data), data, tail, is_text=False)


def _text_stream(rng: Random) -> Stream:
    line, end = rng.choice(TEXT_LINES), rng.choice(("\n", "\r\n"))
    level = rng.randint(50_000, 200_000)
    lines = [
        (line(level + rng.randint(-999, 999), level // 2) + end).encode("ascii")
        for _ in range(rng.randint(1, 20) + TEXT_TAIL)
    ]
    stream, tail = bytearray(b"".join(lines[:-TEXT_TAIL])), lines[-TEXT_TAIL:]
    damage(rng, stream, b"".join(lines))
    data = bytes(stream) + b"".join(tail)
    return Stream(cut(rng, data), data, [text.strip() for text in tail], is_text=True)


def joined(pieces: list[bytes]) -> bytes:
    """Pieces as they travel, each with its zero."""
    return b"".join(piece + b"\0" for piece in pieces)


def cut(rng: Random, data: bytes) -> list[bytes]:
    """``data`` in chunks of random lengths: as a reader would get it, and harder."""
    # In single bytes seldom, since it takes as long as all the others together.
    longest = 1 if rng.random() < 0.02 else rng.choice((8, 64, 64, 300, len(data)))
    chunks, at = [], 0
    while at < len(data):
        size = rng.randint(1, longest)
        chunks.append(data[at : at + size])
        at += size
    return chunks
