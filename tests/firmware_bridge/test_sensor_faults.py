"""Faults of the light board's sensor: on the wire as the firmware's, and what a reader then counts."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.board import FIFO_CONFIG, FIRMWARE_VERSION, LED_CURRENT_UA, PART_ID, SPO2_CONFIG, LightBoard
from firmware_bridge.light_sensor import FULL_COUNTS, OPEN_AIR_COUNTS
from firmware_bridge.protocol import BoardInfo, ChannelOrder, DataFlags, DataFrame, EventCode, SensorFault
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.sources import RecordingSource
from tests.firmware_bridge.light_boards import Counting, Run, measured, run

WELL = BoardInfo(
    FIRMWARE_VERSION, PART_ID, SensorFault.NONE, FIFO_CONFIG, SPO2_CONFIG, LED_CURRENT_UA, LED_CURRENT_UA, 125_000,
    ChannelOrder.GENUINE,
)  # fmt: skip
GONE = BoardInfo(FIRMWARE_VERSION, 0, SensorFault.NONE, 0, 0, 0, 0, 0, ChannelOrder.GENUINE)
LOST_AND_BACK = [EventCode.SENSOR_LOST, EventCode.SENSOR_BACK]


def faulty(seconds: float, *faults: SensorFaultEvent) -> Run:
    return run(LightBoard(Counting(), faults=faults), seconds)


def test_without_a_fault_all_is_well() -> None:
    sent = faulty(10.0)
    assert [frame.info for frame in sent.infos] == [WELL] * 11
    assert [event.code for event in sent.events] == [EventCode.FINGER_ON]
    assert {frame.flags for frame in sent.data} == {DataFlags.NONE, DataFlags.RESTARTED}
    assert sent.missing() == []
    sent.assert_exact()


@pytest.mark.parametrize("duration_s", [0.04, 0.1, 0.2, 0.25, 0.256, 0.3, 0.35, 0.4, 0.42])
@pytest.mark.parametrize("at_s", [1.3, 1.3117, 1.3391])
def test_an_overflow_is_counted_to_the_sample(at_s: float, duration_s: float) -> None:
    sent = faulty(3.0, SensorFaultEvent(FaultKind.OVERFLOW, at_s, duration_s))
    unread = 5 + sum(5 for step in range(100) if at_s <= step * 5 / 125 < at_s + duration_s)
    lost = max(0, unread - 32)
    gone = sent.missing()
    assert len(gone) == lost
    assert [frame.index for frame in sent.flagged(DataFlags.FIFO_OVERFLOW)] == ([gone[-1] + 1] if lost else [])
    assert max(frame.fifo_depth for frame in sent.data) == min(32, unread)
    sent.assert_exact()
    assert sent.sensor_events() == []
    assert (sent.tally().lost, sent.tally().samples) == (lost, sum(len(frame.ir_counts) for frame in sent.data))


def test_an_overflow_beyond_the_sensors_counter_is_a_new_epoch() -> None:
    sent = faulty(4.0, SensorFaultEvent(FaultKind.OVERFLOW, 1.3, 0.8))
    lost, back = sent.sensor_events()
    assert [lost.code, back.code, lost.detail, back.epoch] == [*LOST_AND_BACK, SensorFault.NONE, 1]
    assert [(frame.epoch, frame.index) for frame in sent.flagged(DataFlags.FIFO_OVERFLOW)] == [(1, 0)]
    assert sent.missing(0) == sent.missing(1) == []
    sent.assert_exact()
    assert sent.infos[-1].info == WELL


@pytest.mark.parametrize("refused", [1, 2])
def test_a_refused_transfer_is_tried_again_and_costs_nothing(refused: int) -> None:
    sent = faulty(4.0, SensorFaultEvent(FaultKind.NACK, 1.3, value=refused))
    (flagged,) = sent.flagged(DataFlags.I2C_RETRIED)
    assert flagged.t_us == 1_320_000
    assert sent.missing() == []
    sent.assert_exact()
    assert sent.sensor_events() == []
    assert sent.infos[-1].info == WELL


@pytest.mark.parametrize(("refused", "back_s"), [(3, 0.0), (5, 0.0), (6, 0.52), (9, 1.04)])
def test_refused_too_often_the_sensor_is_begun_again(refused: int, back_s: float) -> None:
    sent = faulty(5.0, SensorFaultEvent(FaultKind.NACK, 1.3, value=refused))
    lost, back = sent.sensor_events()
    assert [lost.code, back.code] == LOST_AND_BACK
    assert (lost.detail, lost.epoch, back.epoch, back.index) == (SensorFault.NACK, 0, 1, 0)
    assert (back.t_us - lost.t_us) / 1e6 == pytest.approx(back_s)
    assert DataFlags.I2C_RETRIED in next(frame for frame in sent.data if frame.epoch == 1).flags
    sent.assert_exact()
    assert sent.missing(1) == []
    assert sent.infos[-1].info == dataclasses.replace(WELL, last_error=SensorFault.NACK)


@pytest.mark.parametrize(
    ("kind", "duration_s", "told"),
    [
        (FaultKind.STUCK_BUS, 0.02, SensorFault.BUS_TIMEOUT),
        (FaultKind.STUCK_BUS, 1.0, SensorFault.BUS_TIMEOUT),
        (FaultKind.BROWN_OUT, 0.0, SensorFault.BROWN_OUT),
        (FaultKind.BROWN_OUT, 1.2, SensorFault.NACK),
    ],
)
def test_a_lost_sensor_is_told_and_comes_back_in_a_new_epoch(
    kind: FaultKind, duration_s: float, told: SensorFault
) -> None:
    sent = faulty(5.0, SensorFaultEvent(kind, 1.3, duration_s))
    lost, back = sent.sensor_events()
    assert [lost.code, back.code] == LOST_AND_BACK
    assert (lost.detail, lost.epoch, lost.index, lost.t_us) == (told, 0, 160, 1_320_000)
    assert (back.epoch, back.index) == (1, 0)
    assert duration_s - 0.02 <= (back.t_us - lost.t_us) / 1e6 < duration_s + 0.6
    retried = [] if told is SensorFault.BROWN_OUT else [(1, 0)]
    assert [(frame.epoch, frame.index) for frame in sent.flagged(DataFlags.I2C_RETRIED)] == retried
    during = [frame.info for frame in sent.infos if lost.t_us < frame.t_us < back.t_us]
    assert during == [dataclasses.replace(GONE, last_error=told)] * len(during)
    assert len(during) == (1 if duration_s >= 1 else 0)
    assert len(sent.infos) == 6
    assert sent.infos[-1].info == dataclasses.replace(WELL, last_error=told)
    assert sent.missing(0) == sent.missing(1) == []
    sent.assert_exact()
    assert (sent.tally().epoch, sent.tally().lost) == (1, 0)


def test_a_sensor_that_is_lost_at_boot_begins_in_epoch_0() -> None:
    sent = faulty(4.0, SensorFaultEvent(FaultKind.BROWN_OUT, 0.0, 1.2))
    assert sent.infos[0].info == dataclasses.replace(GONE, last_error=SensorFault.NACK)
    assert (sent.data[0].epoch, sent.data[0].index) == (0, 0)
    assert 1_200_000 < sent.data[0].t_us < 1_800_000
    assert sent.sensor_events() == []
    sent.assert_exact()


def test_a_reset_begins_everything_anew_and_once() -> None:
    board = LightBoard(Counting(), faults=[SensorFaultEvent(FaultKind.RESET, 2.5)])
    sent = run(board, 6.0)
    assert sent.began == [0, 315]
    second = max(i for i, frame in enumerate(sent.frames) if frame.sequence == 0)
    info, *rest = sent.frames[second:]
    assert info == sent.frames[0]
    assert (info.t_us, info.epoch, info.info) == (0, 0, WELL)  # type: ignore[union-attr]
    assert [frame.sequence for frame in rest] == list(range(1, len(rest) + 1))
    assert sum(DataFlags.RESTARTED in frame.flags for frame in sent.infos) == 2
    sent.assert_exact()
    assert (sent.tally().restarts, sent.tally().epoch, sent.tally().lost) == (1, 1, 0)
    assert len(run(board, 6.0).began) == 1


def test_what_was_lost_before_a_reset_is_not_told_after_it() -> None:
    # The reset falls into the time in which nothing is read.
    sent = faulty(4.0, SensorFaultEvent(FaultKind.OVERFLOW, 1.3, 0.5), SensorFaultEvent(FaultKind.RESET, 1.7))
    assert sent.flagged(DataFlags.FIFO_OVERFLOW) == []
    assert sent.began == [0, 215]
    sent.assert_exact()


def test_saturation_is_flagged_where_it_is() -> None:
    sent = faulty(5.0, SensorFaultEvent(FaultKind.SATURATED, 2.0, 1.0))
    for k, pair in sent.ages():
        # Sample k is measured at the end of its period.
        assert pair == ((FULL_COUNTS, FULL_COUNTS) if 250 <= k + 1 < 375 else measured(k))
    full = [frame for frame in sent.data if FULL_COUNTS in frame.ir_counts]
    assert sent.flagged(DataFlags.SATURATED) == full != []
    assert sent.missing() == []


def test_a_finger_goes_and_comes_and_its_pulse_goes_on() -> None:
    sent = faulty(9.0, SensorFaultEvent(FaultKind.FINGER_OFF, 3.0, 2.0))
    for k, pair in sent.ages():
        assert pair == (OPEN_AIR_COUNTS if 375 <= k + 1 < 625 else measured(k))
    on, off, again = sent.events
    assert [event.code for event in (on, off, again)] == [
        EventCode.FINGER_ON, EventCode.FINGER_OFF, EventCode.FINGER_ON,
    ]  # fmt: skip
    assert off.t_us / 1e6 == pytest.approx(3.0, abs=0.5)
    assert again.t_us / 1e6 == pytest.approx(5.0, abs=0.2)


def test_what_the_source_lost_is_lost_whatever_light_there_is() -> None:
    ppg = np.sin(np.arange(1000) / 16)
    ppg[300:304] = np.nan
    source = RecordingSource(Recording(ppg, 125.0, "p", "s", "r"))
    faults = [SensorFaultEvent(FaultKind.SATURATED, 2.0, 1.0), SensorFaultEvent(FaultKind.FINGER_OFF, 2.0, 1.0)]
    assert run(LightBoard(source, faults=faults), 7.0).missing() == [300, 301, 302, 303]


def test_a_clone_has_its_channels_swapped_and_does_not_say_so() -> None:
    sent = run(LightBoard(Counting(), swapped=True), 3.0)
    assert {frame.info.channel_order for frame in sent.infos} == {ChannelOrder.GENUINE}
    assert sent.missing() == []
    for k, pair in sent.ages():
        assert pair == measured(k)[::-1]


def test_a_late_clock_is_late_by_up_to_the_jitter_and_nothing_else_is() -> None:
    right = run(LightBoard(Counting()), 30.0)
    late = run(LightBoard(Counting(), jitter_s=0.02, seed=3), 30.0)
    delays = [a.t_us - b.t_us for a, b in zip(late.data, right.data, strict=True)]
    assert 0 <= min(delays) < 1000
    assert 19_000 < max(delays) <= 20_000
    assert sum(delays) / len(delays) == pytest.approx(10_000, abs=1000)
    assert [frame for frame in late.frames if not isinstance(frame, DataFrame)] == [
        frame for frame in right.frames if not isinstance(frame, DataFrame)
    ]
    for a, b in zip(late.data, right.data, strict=True):
        assert (a.index, a.fifo_depth, a.ir_counts, a.red_counts) == (b.index, b.fifo_depth, b.ir_counts, b.red_counts)
    assert run(LightBoard(Counting(), jitter_s=0.02, seed=3), 30.0).raw == late.raw
    assert run(LightBoard(Counting(), jitter_s=0.02, seed=4), 30.0).raw != late.raw


FAULT = st.builds(
    SensorFaultEvent,
    st.sampled_from([kind for kind in FaultKind if kind not in (FaultKind.SATURATED, FaultKind.FINGER_OFF)]),
    st.floats(0.0, 5.0),
    st.floats(0.0, 1.0),
    st.integers(1, 12).map(float),
)


@settings(max_examples=40)
@given(st.lists(FAULT, max_size=8))
def test_no_mixture_of_faults_makes_a_sample_up(faults: list[SensorFaultEvent]) -> None:
    sent = faulty(12.0, *faults)
    sent.assert_exact()
    starts = [i for i, frame in enumerate(sent.frames) if frame.sequence == 0]
    for first, last in zip(starts, [*starts[1:], len(sent.frames)], strict=True):
        boot = sent.frames[first:last]
        assert [frame.sequence for frame in boot] == list(range(len(boot)))
        epochs = [frame.epoch for frame in boot if hasattr(frame, "epoch")]
        assert epochs == sorted(epochs)
    # All is over by 11 s: two lost seconds, twelve refusals eight times, and the retries.
    whole = [frame.index for frame in sent.data[-20:]]
    assert whole == list(range(whole[0], whole[0] + 100, 5))
