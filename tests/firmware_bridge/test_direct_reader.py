"""A simulated board read in virtual time, as a reader reads it through a port."""

import weakref

import pytest

from firmware_bridge import (
    BoardInfo,
    BoardReader,
    CommandAnswered,
    LightBoard,
    LinkStatistics,
    Message,
    PortError,
    PortReason,
    PtyBoard,
    RecordingEnded,
    SampleBlock,
)
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.protocol import AckResult, CommandCode
from firmware_bridge.wire_faults import WireDamage, WireFaults
from tests.firmware_bridge.light_boards import Counting, measured

KEY = bytes(range(16))


def samples(messages: list[Message]) -> list[tuple[int, int, int]]:
    return [
        (block.index + i, int(ir), int(red))
        for block in messages
        if isinstance(block, SampleBlock)
        for i, (ir, red) in enumerate(zip(block.ir_counts, block.red_counts, strict=True))
    ]


def test_every_sample_comes_and_then_the_totals_and_the_end() -> None:
    messages = list(DirectReader(LightBoard(Counting(1000))))
    assert samples(messages) == [(k, *measured(k)) for k in range(1000)]
    assert isinstance(messages[-1], RecordingEnded)
    last = messages[-2]
    assert isinstance(last, LinkStatistics)
    assert (last.samples, last.lost) == (1000, 0)


def test_what_comes_is_what_a_reader_at_a_tty_gets() -> None:
    direct = list(DirectReader(LightBoard(Counting(500))))
    with PtyBoard(LightBoard(Counting(500)), speed=0.0) as board, BoardReader(board.path) as reader:
        through_tty = list(reader)
    assert samples(direct) == samples(through_tty)
    assert [message for message in direct if isinstance(message, BoardInfo)] == [
        message for message in through_tty if isinstance(message, BoardInfo)
    ]


def test_totals_come_each_ten_seconds_of_the_boards_time() -> None:
    reader, at_s = DirectReader(LightBoard(Counting(125 * 25))), []
    for message in reader:
        if isinstance(message, LinkStatistics):
            at_s.append(reader.now_s)
    assert at_s == pytest.approx([10.0, 20.0, 25.0], abs=0.05)


def test_a_command_is_answered_by_its_number() -> None:
    reader, sequences, answers = DirectReader(LightBoard(Counting(500))), [], []
    for message in reader:
        if isinstance(message, SampleBlock) and message.index in (100, 200):
            sequences.append(reader.command(CommandCode.NONCE, message.index))
        if isinstance(message, CommandAnswered):
            answers.append((message.sequence, message.result, message.value))
    assert answers == [(sequences[0], AckResult.DONE, 100), (sequences[1], AckResult.DONE, 200)]


def test_no_command_before_the_board_has_spoken() -> None:
    with pytest.raises(PortError, match="INFO") as caught:
        DirectReader(LightBoard(Counting())).command(CommandCode.NONCE)
    assert caught.value.reason is PortReason.SILENT


def test_a_command_without_an_answer_is_given_up_in_the_boards_time() -> None:
    reader, asked_s, given_up_s = DirectReader(LightBoard(Counting(2000)), answer_s=0.0), 0.0, 0.0
    for message in reader:
        if isinstance(message, SampleBlock) and message.index == 100:
            asked_s = reader.now_s
            reader.command(CommandCode.NONCE)
        if isinstance(message, CommandAnswered):
            assert message.result is None
            given_up_s = reader.now_s
    assert given_up_s == asked_s


def test_damage_on_the_wire_is_counted() -> None:
    reader = DirectReader(WireFaults(LightBoard(Counting(2000)), WireDamage(loss=0.05)))
    came = len(samples(list(reader)))
    assert 0 < reader.statistics().lost <= 2000 - came


def test_closed_it_ends() -> None:
    reader = DirectReader(LightBoard(Counting()))
    seen = 0
    for _ in reader:
        seen += 1
        if seen == 10:
            reader.close()
    assert seen == 10
    assert list(reader) == []


def test_left_before_its_end_it_is_gone_at_once_with_its_board(no_collector: None) -> None:
    """A soak reads thousands: what waited for the garbage collector would look like a leak."""
    board = LightBoard(Counting(500), jitter_s=0.001)
    reader = DirectReader(board)
    there = weakref.ref(board), weakref.ref(reader)
    assert isinstance(next(reader), BoardInfo)
    del board, reader
    assert [one() for one in there] == [None, None]


def test_with_a_key_only_sealed_samples_come() -> None:
    sealed = samples(list(DirectReader(LightBoard(Counting(500), key=KEY), key=KEY)))
    assert sealed == [(k, *measured(k)) for k in range(sealed[0][0], 500)]
    assert sealed[0][0] < 20
    with pytest.raises(PortError) as caught:
        list(DirectReader(LightBoard(Counting(1000)), key=KEY))
    assert caught.value.reason is PortReason.NOT_SEALED
