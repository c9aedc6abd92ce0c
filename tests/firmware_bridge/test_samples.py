"""Wraps, restarts, epochs and exactly counted losses."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.messages import SampleBlock
from firmware_bridge.protocol import (
    BoardInfo,
    ChannelOrder,
    DataFlags,
    DataFrame,
    EventCode,
    EventFrame,
    InfoFrame,
    SensorFault,
)
from firmware_bridge.samples import FrameSamples
from firmware_bridge.tallies import Tally

PERIOD_US = 40_000
Make = Callable[..., DataFrame]
MakeInfo = Callable[..., InfoFrame]


def feed(samples: FrameSamples, frames: list[DataFrame]) -> list[SampleBlock]:
    return [block for frame in frames if (block := samples.data(frame)) is not None]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.lists(st.booleans(), min_size=2, max_size=60))
def test_wraps_are_undone_and_losses_counted(index: int, t_us: int, kept: list[bool]) -> None:
    tally = Tally()
    samples = FrameSamples(tally)
    kept[0] = kept[-1] = True
    frames = [
        DataFrame(
            DataFlags.NONE,
            i % 2**16,
            (t_us + i * PERIOD_US) % 2**32,
            (index + 5 * i) % 2**32,
            0,
            7,
            (i,) * 5,
            (i,) * 5,
        )
        for i in range(len(kept))
        if kept[i]
    ]
    blocks = feed(samples, frames)
    places = [i for i in range(len(kept)) if kept[i]]
    assert [block.index for block in blocks] == [index + 5 * i for i in places]
    assert [block.t_us for block in blocks] == [t_us + i * PERIOD_US for i in places]
    assert [block.clock_index for block in blocks] == [index + 5 * i + 6 for i in places]
    assert [block.ir_counts.tolist() for block in blocks] == [[i] * 5 for i in places]
    assert {block.epoch for block in blocks} == {0}
    assert tally.statistics().lost == 5 * kept.count(False)
    assert tally.statistics().samples == 5 * kept.count(True)
    assert tally.restarts == 0


@given(st.integers(1, 400), st.integers(0, 20), st.booleans())
def test_an_index_that_goes_back_is_a_restart(before: int, missed: int, flagged: bool) -> None:
    tally = Tally()
    samples = FrameSamples(tally)
    flags = DataFlags.RESTARTED if flagged else DataFlags.NONE
    first = DataFrame(DataFlags.NONE, 2**16 - 1, 10**6, 5 * (before + missed), 0, 5, (1,) * 5, (1,) * 5)
    again = DataFrame(flags, 0, 1000, 5 * missed, 0, 5, (1,) * 5, (1,) * 5)
    blocks = feed(samples, [first, again])
    assert [(block.epoch, block.index, block.t_us) for block in blocks] == [
        (0, 5 * (before + missed), 10**6),
        (1, 5 * missed, 1000),
    ]
    assert (tally.restarts, tally.lost) == (1, 5 * missed)


def test_a_restart_whose_index_went_on_is_seen_by_its_flag(data_frame: Make) -> None:
    tally = Tally()
    samples = FrameSamples(tally)
    restarted = {"flags": DataFlags.RESTARTED}
    blocks = feed(samples, [data_frame(0), data_frame(25, **restarted), data_frame(30, **restarted)])
    assert [(block.epoch, block.index) for block in blocks] == [(0, 0), (1, 25), (1, 30)]
    assert (tally.restarts, tally.lost) == (1, 25)


def test_a_restart_within_the_second_after_another_is_seen_by_its_info(data_frame: Make, info_frame: MakeInfo) -> None:
    tally = Tally()
    samples = FrameSamples(tally)
    flags = DataFlags.RESTARTED
    samples.info(info_frame(flags))
    (one,) = feed(samples, [data_frame(0, flags=flags)])
    samples.info(info_frame(flags))
    (two,) = feed(samples, [data_frame(10, flags=flags)])
    assert (one.epoch, two.epoch, tally.restarts, tally.lost) == (0, 1, 1, 10)


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=20))
def test_frames_that_come_again_or_late_are_told_from_restarts(moves: list[tuple[int, bool]]) -> None:
    """Some frames are sent twice, some after their successor: each sample is taken once, or counted as lost."""
    made = [DataFrame(DataFlags.NONE, i, i * PERIOD_US, 5 * i, 0, 5, (i,) * 5, (i,) * 5) for i in range(300)]
    sent = list(made)
    for place, twice in moves:
        at = min(place, len(sent) - 2)
        if twice:
            sent.insert(at + 1, sent[at])
        else:
            sent[at : at + 2] = sent[at : at + 2][::-1]
    tally = Tally()
    blocks = feed(FrameSamples(tally), sent)
    newest, taken = -1, []
    for frame in sent:
        if frame.sequence > newest:
            taken.append(frame.sequence)
            newest = frame.sequence
    assert [block.index for block in blocks] == [5 * i for i in taken]
    assert [block.ir_counts.tolist() for block in blocks] == [[i] * 5 for i in taken]
    assert (tally.restarts, tally.corrupt) == (0, len(sent) - len(taken))
    assert tally.lost == 5 * (taken[-1] - taken[0] + 1 - len(taken))


def test_a_restart_told_by_neither_flag_nor_info_drops_two_seconds_at_most(data_frame: Make) -> None:
    tally = Tally()
    samples = FrameSamples(tally)
    feed(samples, [data_frame(5 * i, sequence=i) for i in range(40)])
    blocks = feed(samples, [data_frame(5 * i, sequence=i) for i in range(60)])
    assert len(blocks) == 60 - 40
    assert tally.corrupt == 40


def test_a_sensor_that_began_anew_is_an_epoch_and_no_restart(data_frame: Make) -> None:
    tally = Tally()
    blocks = feed(FrameSamples(tally), [data_frame(50), data_frame(10, epoch=1), data_frame(15, epoch=1)])
    assert [(block.epoch, block.index) for block in blocks] == [(0, 50), (1, 10), (1, 15)]
    assert (tally.restarts, tally.lost) == (0, 10)


def test_the_loss_of_the_first_samples_after_a_boot_is_counted_and_of_a_running_board_is_not(
    data_frame: Make, info_frame: MakeInfo
) -> None:
    booted, running = Tally(), Tally()
    samples = FrameSamples(booted)
    samples.info(info_frame(DataFlags.RESTARTED))
    samples.data(data_frame(15, flags=DataFlags.RESTARTED))
    samples = FrameSamples(running)
    samples.info(info_frame())
    samples.data(data_frame(15_000))
    assert (booted.lost, booted.epoch) == (15, 0)
    assert (running.lost, running.epoch) == (0, 0)


@given(st.integers(0, 6 * 3600), st.floats(0.97, 1.03))
def test_an_outage_longer_than_the_clock_keeps_time_by_the_index(gap_s: int, clock_error: float) -> None:
    samples = FrameSamples(Tally())
    first = DataFrame(DataFlags.NONE, 0, 123, 0, 0, 5, (1,) * 5, (1,) * 5)
    info = BoardInfo((1, 0, 0), 0x15, SensorFault.NONE, 0, 0, 0, 0, 125_000, ChannelOrder.GENUINE)
    samples.info(InfoFrame(DataFlags.NONE, 0, 0, 0, info))
    later_us = 123 + round((gap_s * 125 + 5) * 8000 * clock_error)
    later = first._replace(index=gap_s * 125 + 5, t_us=later_us % 2**32)
    blocks = feed(samples, [first, later])
    assert blocks[1].t_us == later_us


def test_the_end_tells_what_the_last_frames_lost(data_frame: Make) -> None:
    tally = Tally()
    samples = FrameSamples(tally)
    samples.data(data_frame(0))
    end = EventFrame(DataFlags.NONE, 0, 0, 20, 0, EventCode.END_OF_RECORDING, 0)
    samples.end(end)
    assert tally.lost == 15
    samples.end(replace(end, epoch=1, index=7))
    assert tally.lost == 22


def test_the_rate_is_that_of_the_clock(data_frame: Make) -> None:
    tally = Tally()
    samples = FrameSamples(tally)
    for i in range(49):
        samples.data(data_frame(5 * i, t_us=41_000 * i))
    assert tally.statistics().measured_rate_hz is None
    samples.data(data_frame(245, t_us=49 * 41_000))
    assert tally.statistics().measured_rate_hz == pytest.approx(5 / 0.041)
