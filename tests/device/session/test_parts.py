"""Finger, inbox, waveform and keys, each by itself."""

import io
import os
import pty
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from device.session.finger import OFF_COUNTS, ON_COUNTS, Finger
from device.session.inbox import Inbox, Tick
from device.session.live import SECONDS, LiveSignal
from device.session.orders import PinEntered, StopEnrolling
from device.terminal.keys import Keys
from device.terminal.plot import braille
from device.terminal.pulse_line import PulseLine
from firmware_bridge import RecordingEnded, SampleBlock
from firmware_bridge.protocol import DataFlags

RATE_HZ = 100.0


def block(index: int, ir: list[int], epoch: int = 0) -> SampleBlock:
    counts = np.array(ir, np.int32)
    newest = index + len(ir) - 1
    return SampleBlock(index, epoch, newest, round(newest * 1e6 / RATE_HZ), counts, counts, DataFlags.NONE)


def test_a_finger_has_two_levels() -> None:
    finger = Finger()
    between = (ON_COUNTS + OFF_COUNTS) // 2
    seen = [finger.take(block(0, [counts] * 5)) for counts in (between, ON_COUNTS, between, OFF_COUNTS - 1, between)]
    assert seen == [False, True, True, False, False]


class TestInbox:
    def test_messages_come_in_order_and_then_it_ends(self) -> None:
        blocks = [block(i, [1]) for i in range(50)]
        assert [item for item in Inbox(blocks) if not isinstance(item, Tick)] == blocks

    def test_ticks_come_while_a_board_is_silent_and_requests_in_between(self) -> None:
        go_on = threading.Event()

        def silent() -> Iterator[RecordingEnded]:
            go_on.wait(10.0)
            yield RecordingEnded()

        inbox, items = Inbox(silent(), tick_s=0.001), []
        for item in inbox:
            items.append(item)
            if items == [Tick()]:
                inbox.post(StopEnrolling())
            if StopEnrolling() in items:
                go_on.set()
        assert items[0] == Tick()
        assert StopEnrolling() in items
        assert items[-1] == RecordingEnded()

    def test_what_reading_raises_is_raised(self) -> None:
        def broken() -> Iterator[RecordingEnded]:
            yield RecordingEnded()
            raise OSError("unplugged")

        items = iter(Inbox(broken()))
        assert next(items) == RecordingEnded()
        with pytest.raises(OSError, match="unplugged"):
            list(items)

    def test_leaving_it_lets_the_thread_go(self) -> None:
        def endless() -> Iterator[RecordingEnded]:
            while True:
                yield RecordingEnded()

        threads = threading.active_count()
        items = iter(Inbox(endless(), tick_s=0.001))
        next(items)
        assert threading.active_count() == threads + 1
        items.close()  # type: ignore[attr-defined]
        # The thread sees it at its next message; an endless source would never stop without.
        for _ in range(2000):
            if threading.active_count() == threads:
                break
            time.sleep(0.001)
        assert threading.active_count() == threads


def test_a_pin_is_not_in_its_repr() -> None:
    assert "1234" not in repr(PinEntered("1234"))


class TestLiveSignal:
    def feed(self, bpm: float, seconds: float, epoch: int = 0) -> LiveSignal:
        live = LiveSignal()
        t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
        beat = np.sin(2 * np.pi * bpm / 60 * t) + 0.4 * np.sin(4 * np.pi * bpm / 60 * t + 1.0)
        counts = np.rint(120_000 - 1500 * beat + 3000 * np.sin(2 * np.pi * 0.2 * t)).astype(int).tolist()
        for at in range(0, len(counts) - 4, 5):
            live.take(block(at, counts[at : at + 5], epoch))
        return live

    @pytest.mark.parametrize("bpm", [45.0, 60.0, 72.0, 90.0, 120.0, 165.0])
    def test_the_heart_rate_is_that_of_the_pulse(self, bpm: float) -> None:
        assert self.feed(bpm, 10.0).heart_rate_bpm() == pytest.approx(bpm, rel=0.04)

    def test_it_keeps_a_few_seconds_and_points_upwards(self) -> None:
        live = self.feed(60.0, 30.0)
        wave = live.waveform()
        assert SECONDS * RATE_HZ <= wave.size <= SECONDS * RATE_HZ + 5
        counts = [120_000] * 1000
        counts[980:985] = [118_000] * 5  # blood comes: less light
        live = LiveSignal()
        for at in range(0, 1000, 5):
            live.take(block(at, counts[at : at + 5]))
        assert int(np.argmax(live.waveform())) in range(780, 785)

    def test_nothing_is_told_of_no_pulse_or_too_little(self) -> None:
        live = LiveSignal()
        assert live.waveform().size == 0
        assert live.heart_rate_bpm() is None
        for at in range(0, 1000, 5):
            live.take(block(at, [50_000] * 5))
        assert live.heart_rate_bpm() is None

    def test_a_curve_begun_anew_keeps_the_rate(self) -> None:
        live = self.feed(60.0, 10.0)
        live.forget()
        assert live.waveform().size == 0
        assert live.rate_hz == pytest.approx(RATE_HZ)

    def test_another_epoch_begins_anew(self) -> None:
        live = self.feed(60.0, 10.0)
        live.take(block(0, [1, 2, 3], epoch=1))
        assert live.rate_hz is None
        assert live.waveform().size == 0


class TestBraille:
    def test_a_ramp_rises_from_the_lowest_dot_to_the_highest(self) -> None:
        lines = braille(np.linspace(0.0, 1.0, 100), 10, 3)
        assert [len(line) for line in lines] == [10, 10, 10]
        assert ord(lines[2][0]) & 0x40, "lowest left"
        assert ord(lines[0][9]) & 0x08, "highest right"
        assert lines[0][0] == lines[2][9] == "\u2800"

    def test_each_column_has_a_dot_and_neighbours_touch(self) -> None:
        rng = np.random.default_rng(0)
        lines = braille(rng.standard_normal(300), 20, 4)
        bits = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
        before: set[int] = set()
        for x in range(40):
            rows = {y for y in range(16) if ord(lines[y // 4][x // 2]) & bits[x % 2][y % 4]}
            assert rows, x
            assert rows == set(range(min(rows), max(rows) + 1))
            assert not before or before & rows
            before = rows

    def test_nothing_and_a_constant_are_drawn_too(self) -> None:
        assert braille(np.empty(0), 3, 2) == ["\u2800" * 3] * 2
        assert any(cell != "\u2800" for cell in "".join(braille(np.ones(50), 3, 2)))


class TestPulseLine:
    def drawn(self, columns: int = 80) -> str:
        stream, seconds = io.StringIO(), iter(np.arange(0.0, 100.0, 0.05).tolist())
        with PulseLine(stream, clock=lambda: next(seconds), columns=lambda: columns) as line:
            line.text = "14 of about 26 good seconds"
            t = np.arange(1000) / RATE_HZ
            counts = np.rint(120_000 - 1500 * np.sin(2 * np.pi * 1.2 * t)).astype(int).tolist()
            blocks = [block(at, counts[at : at + 5]) for at in range(0, 1000, 5)]
            assert list(line.watching(blocks)) == blocks
        return stream.getvalue()

    def test_it_draws_over_itself_and_leaves_nothing(self) -> None:
        frames = self.drawn().split("\r\x1b[K")
        assert frames[0] == frames[-1] == ""
        assert 40 < len(frames) < 60, "every fourth of 200 blocks"
        assert all("\n" not in frame for frame in frames)
        assert frames[-2].endswith("  14 of about 26 good seconds")
        assert len(set(frames[-2][:28])) > 3, "a curve"
        assert frames[1][:28] == "\u2800" * 28, "the rate is not known yet"

    def test_a_narrow_terminal_is_not_left(self) -> None:
        assert max(map(len, self.drawn(columns=30).split("\r\x1b[K"))) == 29


class TestKeys:
    def typed(self, data: bytes, wanted: int) -> list[str]:
        pins: list[str] = []
        done = threading.Event()

        def entered(digits: str) -> None:
            pins.append(digits)
            if len(pins) == wanted:
                done.set()

        master, slave = pty.openpty()
        try:
            with Keys(slave, entered) as keys:
                os.write(master, data)
                assert done.wait(10.0)
                assert keys.typed == 0
        finally:
            os.close(master)
            os.close(slave)
        return pins

    def test_digits_and_enter_make_a_pin(self) -> None:
        assert self.typed(b"12x3\x7f4\r\r99\n", 2) == ["124", "99"]

    def test_nothing_is_echoed(self) -> None:
        master, slave = pty.openpty()
        done = threading.Event()
        with Keys(slave, lambda _: done.set()):
            os.write(master, b"1234\n")
            assert done.wait(10.0)
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 100)
        os.close(master)
        os.close(slave)

    def test_a_pipe_that_ends_ends_it(self) -> None:
        read, write = os.pipe()
        pins: list[str] = []
        with Keys(read, pins.append) as keys:
            os.write(write, b"42\n")
            os.close(write)
            keys._thread.join(10.0)
            assert not keys._thread.is_alive()
        os.close(read)
        assert pins == ["42"]
