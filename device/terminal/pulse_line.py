"""A pulse running in one line of a terminal, and what is said beside it."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self, TextIO

from device.session.live import LiveSignal
from device.terminal.plot import braille
from firmware_bridge import Message, SampleBlock

FRAME_S = 0.2
WAVE_CHARACTERS = 28
WAVE_S = 4.0
_CLEAR = "\r\x1b[K"


class PulseLine:
    """Draws over its own line, and leaves none behind; a context manager."""

    def __init__(
        self,
        stream: TextIO,
        clock: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        """`stream`: a terminal; `columns`: how wide it is now."""
        self._stream, self._clock, self._columns = stream, clock, columns
        self._live = LiveSignal()
        self._drawn_s = clock()
        self.text = ""
        """What is said beside the pulse."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def watching(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The same messages; their samples are drawn on the way."""
        for message in messages:
            if isinstance(message, SampleBlock):
                self._live.take(message)
                self._draw()
            yield message

    def clear(self) -> None:
        """Make room for another line."""
        self._write(_CLEAR)

    def _draw(self) -> None:
        now = self._clock()
        if now - self._drawn_s < FRAME_S:
            return
        self._drawn_s = now
        wave = self._live.waveform()
        newest = wave[-round(WAVE_S * (self._live.rate_hz or 0.0)) :]
        (curve,) = braille(newest, WAVE_CHARACTERS, 1)
        self._write(f"{_CLEAR}{f'{curve}  {self.text}'[: max(1, self._columns() - 1)]}")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
