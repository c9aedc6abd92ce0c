"""Marks in an emulated program's way, at which tests/arm/counter.c tells how many instructions were executed."""

import contextlib
import os

_FIRST = -1_000_000  # counter.c's FIRST_MARK


def mark(number: int) -> None:
    """Mark this place; nothing happens where nobody counts."""
    with contextlib.suppress(OSError):
        os.close(_FIRST - number)
