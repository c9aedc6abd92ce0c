"""Those who were turned away at the page's door, for the audit log."""

import asyncio
import time
from collections.abc import Callable

from device.session.orders import NoteRefusal, Request

VIEW = "ui"
PAUSE_S = 60.0
"""Between two entries: a flood of refusals must not push everything else out of the log."""


class Refusals:
    """Call it for each; the first of every minute is noted, whatever the others are."""

    def __init__(self, post: Callable[[Request], None], clock: Callable[[], float] = time.monotonic) -> None:
        """`post` passes a request to the session, and may wait."""
        self._post, self._clock = post, clock
        self._noted_s = float("-inf")

    async def __call__(self) -> None:
        """Somebody was refused."""
        now_s = self._clock()
        if now_s - self._noted_s >= PAUSE_S:
            self._noted_s = now_s
            await asyncio.to_thread(self._post, NoteRefusal(VIEW))
