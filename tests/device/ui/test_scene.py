"""What the page says first, in every state there is."""

from dataclasses import replace

import pytest

from device.decision import Boundaries
from device.gallery import Person
from device.session.status import Status
from device.ui.feed import Snapshot
from device.ui.scene import Tone, scene_of
from firmware_bridge import LinkStatistics

EMPTY = Snapshot(
    version=1,
    now_s=50.0,
    status=Status(),
    people=(Person("ada", "m", 48, "2026-11-24T10:00:00+00:00"),),
    boundaries=Boundaries(6, 24, 4.0, -0.3),
    weighed=(),
    link=LinkStatistics(0, 0, 0, 0, None, 0),
    board_away=False,
    heart_rate_bpm=None,
    since="",
    enrolling="",
    unknown=False,
    pin_barred=False,
    barred_until_s=0.0,
    attack="",
    refusal="",
)
WORN = replace(EMPTY, status=Status(finger=True))
OPEN = replace(
    EMPTY, status=Status(finger=True, locked=False, person="ada", reason="recognised", took_s=9.25), since="18:00:01"
)


@pytest.mark.parametrize(
    ("snapshot", "tone", "title", "words"),
    [
        (EMPTY, Tone.CLOSED, "Locked", "No finger"),
        (replace(EMPTY, since="18:00:01", status=Status(reason="taken off")), Tone.CLOSED, "Locked", "taken off"),
        (replace(EMPTY, people=()), Tone.CLOSED, "Locked", "Nobody is enrolled yet"),
        (replace(WORN, people=()), Tone.CLOSED, "Locked", "Nobody is enrolled yet"),
        (replace(OPEN, board_away=True), Tone.AWAY, "No board", "Plug it in"),
        (WORN, Tone.BUSY, "Locked", "first whole beats"),
        (replace(WORN, status=Status(finger=True, evidence_windows=2)), Tone.BUSY, "Locked", "keep still"),
        (
            replace(WORN, status=Status(finger=True, advice="motion: hold still")),
            Tone.BUSY,
            "Locked",
            "Motion: hold still.",
        ),
        (replace(WORN, unknown=True), Tone.WARNING, "Unknown person", "nobody's"),
        (replace(WORN, attack="red is a copy of infrared"), Tone.WARNING, "Refused", "red is a copy"),
        (OPEN, Tone.OPEN, "Unlocked", "For ada, since 18:00:01. Recognised 9.2 s after"),
        (replace(OPEN, barred_until_s=99.0, unknown=True), Tone.OPEN, "Unlocked", "For ada"),
        (replace(WORN, barred_until_s=79.5), Tone.WARNING, "Locked out", "in 30 s."),
        (replace(WORN, barred_until_s=170.0), Tone.WARNING, "Locked out", "in 2 min 0 s."),
        (replace(WORN, barred_until_s=50.0), Tone.BUSY, "Locked", ""),
        (replace(WORN, pin_barred=True), Tone.WARNING, "PIN needed", "Only the PIN"),
        (replace(WORN, pin_barred=True, barred_until_s=60.0), Tone.WARNING, "Locked out", "in 10 s."),
        (replace(WORN, status=Status(finger=True, pin_due=True)), Tone.BUSY, "PIN needed", "half a minute"),
        (replace(WORN, enrolling="eve", people=()), Tone.BUSY, "Enrolling eve", "Keep still"),
        (replace(EMPTY, enrolling="eve"), Tone.BUSY, "Enrolling eve", "Lay a finger"),
        (
            replace(WORN, enrolling="eve", status=Status(finger=True, advice="hold still")),
            Tone.BUSY,
            "Enrolling eve",
            "Hold",
        ),
    ],
)
def test_scenes(snapshot: Snapshot, tone: Tone, title: str, words: str) -> None:
    scene = scene_of(snapshot, 50.0)
    assert (scene.tone, scene.title) == (tone, title)
    assert words in scene.sentence
