"""What a board says while nobody is recognised is not lost: it is heard aside."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from device.gallery import Gallery
from device.session.lock import Lock
from device.session.session import Session
from device.store.guard import Guard
from firmware_bridge import LinkStatistics, Message, SampleBlock
from firmware_bridge.protocol import DataFlags

SAID = LinkStatistics(samples=5, lost=0, corrupt=0, restarts=0, measured_rate_hz=None, forged=0)
COUNTS = np.full(5, 120_000, np.int32)
BLOCK = SampleBlock(0, 0, 4, 32_000, COUNTS, COUNTS, DataFlags(0))


@pytest.mark.parametrize(("enrolled", "enrolling"), [(False, False), (False, True), (True, True), (True, False)])
def test_who_hears_a_message(tmp_path: Path, enrolled: bool, enrolling: bool) -> None:
    heard: list[Message] = []
    recognised: list[Message] = []
    stand_in: Any = SimpleNamespace(
        active=enrolling, is_fresh=False, events=lambda message: iter(()), take_fresh=lambda: None
    )
    recogniser: Any = SimpleNamespace(
        events=lambda messages: recognised.extend(messages) or iter(()), begin_sitting=lambda: None
    )
    with Gallery(tmp_path / "gallery.sqlite") as gallery:
        if enrolled:
            gallery.enrol("ada", "m", np.eye(4, dtype=np.float32)[0], 24)
        session = Session(
            gallery=gallery,
            guard=Guard(gallery.store),
            model_id="m",
            recognise=lambda references: recogniser,
            enrolling=stand_in,
            lock=Lock(),
            aside=heard.append,
        )
        for message in (SAID, BLOCK):
            list(session.heed(message))
    if enrolled and not enrolling:
        assert (heard, recognised) == ([], [SAID, BLOCK])
    else:
        assert (heard, recognised) == ([SAID], [])
