"""Refusals reach the audit log, one a minute at most."""

import asyncio

from device.session.orders import NoteRefusal, Request
from device.ui.refusals import PAUSE_S, Refusals


def test_the_first_of_each_minute_is_noted() -> None:
    posted: list[Request] = []
    now = [0.0]
    refusals = Refusals(posted.append, lambda: now[0])
    for now[0] in (0.0, 1.0, PAUSE_S - 0.1):
        asyncio.run(refusals())
    assert posted == [NoteRefusal("ui")]
    now[0] = PAUSE_S
    asyncio.run(refusals())
    assert posted == [NoteRefusal("ui")] * 2
