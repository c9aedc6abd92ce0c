"""The sensor's true rate, by regression of sample index on the board's clock."""

from collections import deque

SPAN_US = 30_000_000
"""Readings older than this are forgotten: long enough to average jitter out, short enough to follow temperature."""
FIRST_US = 2_000_000
"""A rate is not trusted before this: one sample of FIFO granularity over 2 s is 0.4 %; by
regression the standard error is 0.14 % where stamps are up to 20 ms late."""


class ClockRegression:
    """Least squares over a sliding 30 s, in exact integers: any chunking gives the same bits."""

    def __init__(self) -> None:
        self._points: deque[tuple[int, int]] = deque()
        self._origin: tuple[int, int] = (0, 0)
        self._sums = [0, 0, 0, 0]

    def update(self, index: int, t_us: int) -> None:
        """Note that sample ``index`` was the newest one when the clock stood at ``t_us``.

        Args:
            index: ascending within the life of one regression.
            t_us: microseconds, ascending likewise.
        """
        if not self._points:
            self._origin = (index, t_us)
        self._add(index, t_us, 1)
        self._points.append((index, t_us))
        while t_us - self._points[0][1] > SPAN_US:
            self._add(*self._points.popleft(), -1)

    def _add(self, index: int, t_us: int, sign: int) -> None:
        x, y = t_us - self._origin[1], index - self._origin[0]
        for slot, term in enumerate((x, y, x * x, x * y)):
            self._sums[slot] += sign * term

    @property
    def rate_hz(self) -> float | None:
        """Samples a second, or None while less than 2 s have been seen."""
        n = len(self._points)
        if n < 2 or self._points[-1][1] - self._points[0][1] < FIRST_US:
            return None
        x, y, xx, xy = self._sums
        # Whole numbers to the end: their quotient is rounded once, however long ago the epoch began.
        return 1_000_000 * (n * xy - x * y) / (n * xx - x * x)
