"""A curve in braille: each character is two dots wide and four high."""

import numpy as np
from numpy.typing import NDArray

_BLANK = 0x2800
_DOTS = np.array([[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]])
"""Bits of a braille pattern by column and row, Unicode 15.0, chapter 21."""
_LOW, _HIGH = 2.0, 98.0
"""Percentiles that fill the height: one movement does not flatten the pulse."""


def braille(values: NDArray[np.float64], width: int, height: int) -> list[str]:
    """`height` lines of `width` characters of (n,) values as a connected curve, newest at the right; blank for none."""
    cells = np.full((height, width), _BLANK)
    if values.size >= 2:
        columns = 2 * width
        curve = np.interp(np.linspace(0, values.size - 1, columns), np.arange(values.size), values)
        low, high = np.percentile(values, (_LOW, _HIGH))
        scaled = (curve - low) / ((high - low) or 1.0)
        rows = np.rint((1.0 - np.clip(scaled, 0.0, 1.0)) * (4 * height - 1)).astype(int)
        for x, (before, row) in enumerate(zip(np.concatenate((rows[:1], rows[:-1])), rows, strict=True)):
            for y in range(min(before, row), max(before, row) + 1):
                cells[y // 4, x // 2] |= _DOTS[x % 2, y % 4]
    return ["".join(map(chr, line)) for line in cells]
