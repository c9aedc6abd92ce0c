"""The LSL stream, taken by a real inlet on this machine, and the times it gives."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.lsl import FIRST_US, LslStream, SampleClock
from firmware_bridge.messages import Message, RecordingEnded, SampleBlock, SketchInfo
from firmware_bridge.protocol import BoardInfo, ChannelOrder, DataFlags, SensorFault
from firmware_bridge.reader import BoardReader

START_S = 5000.0
"""What LSL's clock shows when the board's shows zero."""
INFO = BoardInfo((1, 0, 0), 0x15, SensorFault.NONE, 0x60, 0x35, 7200, 7200, 125_000, ChannelOrder.GENUINE)


@pytest.fixture(scope="module", autouse=True)
def lsl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """liblsl kept to this machine; it reads its configuration at its first call, and only then."""
    path = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    path.write_text("[lab]\nKnownPeers = {localhost}\n[multicast]\nResolveScope = machine\n[log]\nlevel = -2\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSLAPICFG", str(path))
        yield pytest.importorskip("pylsl", reason="pylsl is not installed", exc_type=ImportError)


class Time:
    """LSL's clock as it would stand when the newest block came: the board's own, and a delay."""

    def __init__(self) -> None:
        self.time_s = START_S

    def now(self) -> float:
        return self.time_s


def block(index: int, epoch: int = 0, n: int = 5, t_us: int | None = None) -> SampleBlock:
    """Samples whose counts are their indices, of a board that takes 8000 us for each."""
    counts = np.arange(index, index + n, dtype=np.int32)
    newest = index + n - 1
    return SampleBlock(
        index, epoch, newest, newest * 8000 if t_us is None else t_us, counts, counts + 1, DataFlags.NONE
    )


@pytest.fixture
def taken(lsl: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A stream of which an inlet takes all; ``take()`` gives counts (n, 2) and times (n,)."""
    time = Time()
    source_id = f"{request.node.name} {os.getpid()}"
    stream = LslStream("test", source_id, now=time.now)
    inlets: list[Any] = []

    def connect() -> Any:
        found = lsl.resolve_byprop("source_id", source_id, timeout=10)
        assert len(found) == 1
        inlets.append(lsl.StreamInlet(found[0], recover=False))
        inlets[0].open_stream(timeout=10)
        return inlets[0].info(timeout=10)

    def take() -> tuple[Any, Any]:
        counts: list[Any] = []
        times: list[float] = []
        while len(times) < stream.sent:
            chunk, stamps = inlets[0].pull_chunk(timeout=10, max_samples=stream.sent - len(times))
            assert len(stamps), "the stream ended early"
            counts.extend(chunk)
            times.extend(stamps)
        return np.array(counts), np.array(times)

    yield SimpleNamespace(stream=stream, time=time, connect=connect, take=take)
    for inlet in inlets:
        inlet.close_stream()
    stream.close()


def feed(taken: Any, blocks: list[SampleBlock], delay_s: float = 0.01) -> None:
    for message in blocks:
        taken.time.time_s = START_S + message.t_us * 1e-6 + delay_s
        taken.stream.feed(message)


def test_the_stream_says_what_it_is(taken: Any, lsl: Any) -> None:
    taken.stream.feed(INFO)
    info = taken.connect()
    assert (info.name(), info.type(), info.channel_count(), info.nominal_srate()) == ("test", "PPG", 2, 125.0)
    assert info.channel_format() == lsl.cf_int32
    channel = info.desc().child("channels").child("channel")
    described = []
    for _ in range(2):
        described.append((channel.child_value("label"), channel.child_value("unit")))
        channel = channel.next_sibling()
    assert described == [("IR", "counts"), ("RED", "counts")]


def test_a_boards_samples_arrive_exactly_and_in_order(taken: Any, people: Path) -> None:
    wanted: list[tuple[int, int]] = []
    with BoardReader("sim://ada?speed=0&seconds=20") as reader:
        messages: Iterator[Message] = iter(reader)
        first = next(messages)
        assert isinstance(first, BoardInfo)
        taken.stream.feed(first)
        taken.connect()
        for message in messages:
            if isinstance(message, SampleBlock):
                wanted += zip(message.ir_counts.tolist(), message.red_counts.tolist(), strict=True)
                feed(taken, [message])
            else:
                taken.stream.feed(message)
    assert message == RecordingEnded()
    counts, times = taken.take()
    assert counts.tolist() == [list(pair) for pair in wanted]
    assert (taken.stream.sent, taken.stream.left_out, len(wanted)) == (2500, 0, 2500)
    slope = np.polyfit(times - times[0], np.arange(len(times)), 1)[0]
    assert slope == pytest.approx(125.0, rel=1e-6)
    np.testing.assert_allclose(np.diff(times), 0.008, rtol=0, atol=1e-6)


def test_lost_samples_leave_a_gap_in_time_and_are_not_made_up(taken: Any) -> None:
    taken.stream.feed(INFO)
    taken.connect()
    feed(taken, [block(index) for index in (*range(0, 500, 5), *range(560, 800, 5))])
    counts, times = taken.take()
    assert counts[:, 0].tolist() == [*range(500), *range(560, 800)]
    steps = np.diff(times)
    assert steps[499] == pytest.approx(61 * 0.008, abs=1e-6)
    np.testing.assert_allclose(np.delete(steps, 499), 0.008, rtol=0, atol=1e-6)
    assert times[-1] == pytest.approx(START_S + 799 * 0.008 + 0.01, abs=1e-6)


def test_a_new_epoch_has_a_clock_of_its_own_and_a_short_one_is_left_out(taken: Any) -> None:
    taken.stream.feed(INFO)
    taken.connect()
    feed(taken, [block(index) for index in range(0, 400, 5)])
    # The board restarts twice: its clock and its index begin again, LSL's goes on.
    for epoch, blocks, started_s in ((1, 10, 10.0), (2, 80, 20.0)):
        for index in range(0, 5 * blocks, 5):
            made = block(index, epoch)
            taken.time.time_s = START_S + started_s + made.t_us * 1e-6
            taken.stream.feed(made)
    counts, times = taken.take()
    assert counts[:, 0].tolist() == [*range(400), *range(400)]
    assert (taken.stream.sent, taken.stream.left_out) == (800, 50)
    np.testing.assert_allclose(times[400:], START_S + 20.0 + np.arange(400) * 0.008, rtol=0, atol=1e-6)


def test_a_sketch_is_streamed_at_the_rate_it_was_measured_at(taken: Any) -> None:
    feed(taken, [block(index, t_us=round(1e6 + index * 1e6 / 50)) for index in range(0, 125, 5)])
    assert taken.stream.sent == 0
    taken.stream.feed(SketchInfo("IR:,RED:", 50.0, True))
    assert taken.connect().nominal_srate() == 50.0
    assert taken.stream.sent == 125


def test_times_never_go_back_whatever_arrives_when(taken: Any) -> None:
    taken.stream.feed(INFO)
    taken.connect()
    random = np.random.default_rng(0)
    late_s = 0.0
    for index in range(0, 2000, 5):
        late_s = max(0.0, late_s - 0.04) if random.random() > 0.01 else 2.0
        feed(taken, [block(index)], delay_s=late_s)
    counts, times = taken.take()
    assert counts[:, 0].tolist() == list(range(2000))
    assert np.all(np.diff(times) > 0)


def least_squares(x: list[float], y: list[float]) -> tuple[float, float]:
    """Slope and intercept, by plain loops."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    under = sum((a - mean_x) ** 2 for a in x)
    return over / under, mean_y - over / under * mean_x


def test_the_sample_clock_is_two_regressions() -> None:
    random = np.random.default_rng(1)
    clock = SampleClock()
    readings: list[tuple[int, int, float]] = []
    for k in range(1000):
        index = 5 * k + 4
        t_us = 7_000_000 + round(index * 8000 * 1.04 + random.uniform(0, 8000))
        readings.append((index, t_us, START_S + t_us * 1e-6 * 0.97 + random.uniform(0, 0.02)))
        clock.update(*readings[-1])
    kept = [reading for reading in readings if readings[-1][1] - reading[1] <= 30_000_000]
    assert 0 < len(kept) < 1000
    index_s, t_s, host_s = ([float(reading[i]) for reading in kept] for i in range(3))
    per_sample, at_zero_us = least_squares(index_s, t_s)
    per_us, at_zero_s = least_squares(t_s, host_s)
    wanted = [at_zero_s + per_us * (at_zero_us + per_sample * i) for i in range(4995, 5000)]
    np.testing.assert_allclose(clock.times_s(4995, 5), wanted, rtol=0, atol=1e-7)


@pytest.mark.parametrize("sensor_error", [-0.04, 0.0, 0.04])
@pytest.mark.parametrize("clock_error", [-0.04, 0.0, 0.04])
def test_times_hold_against_wrong_clocks_and_jitter(sensor_error: float, clock_error: float) -> None:
    random = np.random.default_rng(2)
    clock = SampleClock()
    rate_hz = 125.0 * (1 + sensor_error)
    errors = []
    for index in range(4, 7500, 5):
        taken_s = index / rate_hz
        clock.update(index, round(taken_s * 1e6 * (1 + clock_error)), START_S + taken_s + random.uniform(0, 0.02))
        if clock.is_settled:
            errors.append(float(clock.times_s(index, 1)[0]) - START_S - taken_s - 0.01)
    assert max(map(abs, errors)) < 0.006
    assert max(map(abs, errors[len(errors) // 2 :])) < 0.002


def test_no_time_is_told_before_two_seconds() -> None:
    clock = SampleClock()
    assert not clock.is_settled
    clock.update(0, 0, 0.0)
    clock.update(249, FIRST_US - 1, 2.0)
    assert not clock.is_settled
    clock.update(250, FIRST_US, 2.0)
    assert clock.is_settled
