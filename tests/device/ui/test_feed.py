"""What the page is told of a session, on messages and events of our own."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.decision import Boundaries
from device.events import (
    EnrolmentProgress,
    Event,
    FingerChanged,
    GalleryChanged,
    Identified,
    LinkDown,
    LinkUp,
    LockChanged,
    PinAccepted,
    PresentationAttack,
    RequestRefused,
    TryRefused,
    Unknown,
    WindowScored,
)
from device.frontend import Reason, Window
from device.frontend.quality import Quality
from device.gallery import Person
from device.presentation.findings import PresentationReason
from device.session.inbox import Tick
from device.ui.feed import Feed, Snapshot, Weighed
from device.ui.live_samples import KEPT_BLOCKS, LiveSamples
from firmware_bridge import LinkStatistics, SampleBlock
from firmware_bridge.protocol import DataFlags

ADA = Person("ada", "m", 48, "2026-11-24T10:00:00+00:00")
LINK = LinkStatistics(samples=7, lost=1, corrupt=0, restarts=0, measured_rate_hz=125.0, forged=0)


def block(index: int, counts: list[int], epoch: int = 0) -> SampleBlock:
    ir = np.array(counts, np.int32)
    return SampleBlock(index, epoch, index, index * 8000, ir, ir, DataFlags(0))


def window(reason: Reason | None = None, sqi: float = 0.9) -> Window:
    return Window(0, 0, np.zeros(300, np.float32), Quality(sqi, reason), 0)


class StandIn:
    """A session that does nothing."""

    def __init__(self) -> None:
        self.enrolling = SimpleNamespace(active=False, name="")
        self.live = SimpleNamespace(heart_rate_bpm=lambda: 72.0)
        self.recogniser: Any = SimpleNamespace(boundaries=Boundaries(6, 24, 4.0, -0.3))


class House:
    """A feed of it, with a clock of ours."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.people = [ADA]
        self.seen: list[Window] = []
        self.session: Any = StandIn()
        self.feed = Feed(
            self.session,
            seen=self.seen,
            people=lambda: list(self.people),
            totals=lambda: LINK,
            clock=lambda: self.now_s,
        )

    def tell(self, *events: Event) -> Snapshot:
        for event in events:
            self.feed.event(event)
        return self.feed.snapshot()


@pytest.fixture
def house() -> House:
    return House()


def test_it_begins_with_who_is_enrolled_and_locked(house: House) -> None:
    snapshot = house.feed.snapshot()
    assert snapshot.people == (ADA,)
    assert snapshot.status.locked
    assert snapshot.boundaries == Boundaries(6, 24, 4.0, -0.3)
    assert snapshot.link == LINK


def test_a_snapshot_does_not_change_any_more(house: House) -> None:
    before = house.tell(FingerChanged(1.0, True))
    told = list(before.status.told)
    after = house.tell(FingerChanged(2.0, False))
    assert before.status.finger
    assert list(before.status.told) == told
    assert not after.status.finger
    assert after.version > before.version


def test_evidence_is_drawn_point_by_point_with_what_it_came_to(house: House) -> None:
    snapshot = house.tell(
        WindowScored(1.0, 1, 0.9, 2.5, 1),
        WindowScored(2.0, 2, 0.9, 5.0, 2),
        Identified(2.0, "ada", 5.0, 4.0, 2),
        WindowScored(3.0, 3, 0.9, -1.0, 1),
        Unknown(3.0, -1.0, 4.0, 1),
    )
    assert snapshot.weighed == (
        Weighed(1.0, 2.5, 1),
        Weighed(2.0, 5.0, 2, "accepted"),
        Weighed(3.0, -1.0, 1, "refused"),
    )


def test_an_unknown_wearer_is_unknown_until_something_else_is_known(house: House) -> None:
    unknown = Unknown(3.0, -1.0, 4.0, 6)
    assert house.tell(unknown).unknown
    assert house.tell(WindowScored(4.0, 3, 0.9, -1.0, 1)).unknown
    for news in (
        FingerChanged(5.0, False),
        Identified(5.0, "ada", 5.0, 4.0, 2),
        LinkDown(5.0, "unplugged", ""),
        LockChanged(5.0, False, "ada", "recognised"),
    ):
        assert house.tell(unknown).unknown
        assert not house.tell(news).unknown, news


def test_an_attack_is_told_until_something_else_is_known(house: House) -> None:
    attack = PresentationAttack(3.0, PresentationReason.CHANNEL_COPIED, "correlation 1")
    for news in (FingerChanged(5.0, False), Unknown(5.0, -1.0, 4.0, 6), Identified(5.0, "ada", 5.0, 4.0, 2)):
        assert house.tell(attack).attack == "red is a copy of infrared"
        assert not house.tell(news).attack, news


def test_a_wait_and_a_needed_pin_end_with_the_right_pin(house: House) -> None:
    assert house.tell(TryRefused(10.0, "locked", 30.0, 0)).barred_until_s == 40.0
    assert not house.feed.snapshot().pin_barred
    assert house.tell(TryRefused(11.0, "PIN needed", 0.0, 0)).pin_barred
    assert house.tell(TryRefused(12.0, "wrong PIN", 0.0, 4)).pin_barred
    after = house.tell(PinAccepted(13.0))
    assert not after.pin_barred
    assert after.barred_until_s == 0.0


def test_the_board_goes_and_comes(house: House) -> None:
    assert house.tell(LinkDown(1.0, "unplugged", "")).board_away
    assert not house.tell(LinkUp(2.0, 1.0)).board_away


def test_people_are_read_when_they_change(house: House) -> None:
    ben = replace(ADA, name="ben")
    house.people.append(ben)
    assert house.tell(FingerChanged(1.0, True)).people == (ADA,)
    assert house.tell(GalleryChanged(1.0, ("ada", "ben"))).people == (ADA, ben)


def test_a_refusal_stands_until_something_else_is_begun(house: House) -> None:
    assert house.tell(RequestRefused(1.0, "no")).refusal == "no"
    house.session.enrolling.active, house.session.enrolling.name = True, "eve"
    house.feed.tick()
    begun = house.feed.snapshot()
    assert (begun.enrolling, begun.refusal) == ("eve", "")
    house.tell(EnrolmentProgress(1.0, 1.0, 1.0, 24.0, 0.0, ""), RequestRefused(2.0, "too short"))
    house.session.enrolling.active = False
    house.feed.tick()
    ended = house.feed.snapshot()
    assert (ended.enrolling, ended.refusal) == ("", "too short")
    house.session.enrolling.active, house.session.enrolling.name = True, "zoe"
    house.feed.tick()
    assert house.feed.snapshot().status.enrolment is None


def test_a_warning_from_elsewhere_is_told_with_the_next_tick(house: House) -> None:
    house.now_s += 3.0
    house.feed.warn("the broker is away")
    assert not house.feed.snapshot().status.told
    house.feed.tick()
    assert list(house.feed.snapshot().status.told) == ["    3 s  warning: the broker is away"]


def test_heart_rate_and_link_are_looked_at_once_a_second_while_worn(house: House) -> None:
    house.tell(FingerChanged(1.0, True))
    house.now_s += 0.9
    house.feed.tick()
    assert house.feed.snapshot().heart_rate_bpm is None
    house.now_s += 0.2
    house.feed.tick()
    assert house.feed.snapshot().heart_rate_bpm == 72.0
    house.tell(FingerChanged(2.0, False))
    house.now_s += 1.1
    house.feed.tick()
    assert house.feed.snapshot().heart_rate_bpm is None


def test_windows_are_timed_from_their_last_block_to_what_came_of_it(house: House) -> None:
    items = iter(house.feed.tap([block(0, [1, 2, 3]), Tick(), block(3, [4, 5])]))
    assert isinstance(next(items), SampleBlock)
    house.seen += [window(), window(Reason.MOTION, 0.25)]
    house.now_s += 0.004
    assert next(items) == Tick()
    house.now_s += 5.0
    assert isinstance(next(items), SampleBlock)
    assert next(items, None) is None
    good, bad = house.feed.samples.windows
    assert (good.end, good.reason, good.sqi) == (3, "", 0.9)
    assert (bad.end, bad.reason, bad.sqi) == (3, Reason.MOTION.value, 0.25)
    assert good.answer_ms == pytest.approx(4.0)


@given(st.lists(st.lists(st.integers(0, 2**18 - 1), min_size=1, max_size=8), max_size=40), st.data())
def test_readers_get_every_sample_once_wherever_they_stopped(blocks: list[list[int]], data: st.DataObject) -> None:
    wave, index, at, seen, got = LiveSamples(), 0, 0, 0, []
    for counts in blocks:
        wave.add(block(index, counts))
        index += len(counts)
        if data.draw(st.booleans()) and (news := wave.since(at, seen)) is not None:
            at, seen, batch = news
            got += batch["blocks"]
    if (news := wave.since(at, seen)) is not None:
        at, seen, batch = news
        got += batch["blocks"]
    assert [count for _, _, counts in got for count in counts] == [count for counts in blocks for count in counts]
    assert [first for _, first, _ in got] == [sum(map(len, blocks[:n])) for n in range(len(blocks))]
    assert wave.since(at, seen) is None


def test_a_reader_that_slept_gets_the_newest_only() -> None:
    wave = LiveSamples()
    for index in range(KEPT_BLOCKS + 5):
        wave.add(block(index, [index]))
    news = wave.since(0, 0)
    assert news is not None
    assert [first for _, first, _ in news[2]["blocks"]] == list(range(5, KEPT_BLOCKS + 5))
