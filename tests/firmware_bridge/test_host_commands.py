"""Commands to a board: when they may be sent, how they are answered, and what becomes of them if not."""

import select
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.board import LightBoard
from firmware_bridge.commands import Commands
from firmware_bridge.discovery import command
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.messages import CommandAnswered, LinkLost, LinkStatistics, Message, RecordingEnded, SampleBlock
from firmware_bridge.port_list import ListedBoard
from firmware_bridge.protocol import (
    AckFrame,
    AckResult,
    BoardInfo,
    CommandCode,
    CommandFrame,
    DataFlags,
    DataFrame,
    Frame,
    InfoFrame,
    SelfTest,
)
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from firmware_bridge.wearers import WearerSource, load_wearer

MakeInfo = Callable[..., InfoFrame]
MakeData = Callable[..., DataFrame]


def ack(
    sequence: int, code: CommandCode, result: AckResult = AckResult.DONE, value: int = 0, of_board: int = 0
) -> AckFrame:
    return AckFrame(DataFlags.NONE, of_board, 0, sequence, code, result, value)


def sent_to(line: Any, count: int) -> list[Frame]:
    """The next frames that the reader sends: a terminal hands them over by and by."""
    decoder, frames = FrameDecoder(), list[Frame]()
    while len(frames) < count:
        assert select.select([line.fd], [], [], 10.0)[0], f"only {frames} came"
        frames += decoder.feed(line.read())
    assert decoder.counts.dropped == 0
    return frames


def test_a_command_is_sent_and_its_ack_is_a_message(line: Any, info_frame: MakeInfo, data_frame: MakeData) -> None:
    with BoardReader(line.path) as reader:
        line.write(encode_frame(info_frame()))
        assert isinstance(next(reader), BoardInfo)
        first = reader.command(CommandCode.IDENTIFY, 5)
        second = reader.command(CommandCode.LED_CURRENT, 0xFFFF_FFFF)
        assert sent_to(line, 2) == [
            CommandFrame(first, CommandCode.IDENTIFY, 5),
            CommandFrame(second, CommandCode.LED_CURRENT, 0xFFFF_FFFF),
        ]
        line.write(
            encode_frame(ack(second, CommandCode.LED_CURRENT, AckResult.REFUSED))
            + encode_frame(data_frame())
            + encode_frame(ack(first, CommandCode.IDENTIFY, value=5))
        )
        messages = [next(reader) for _ in range(3)]
    assert messages[0] == CommandAnswered(second, CommandCode.LED_CURRENT, AckResult.REFUSED, 0)
    assert isinstance(messages[1], SampleBlock)
    assert messages[2] == CommandAnswered(first, CommandCode.IDENTIFY, AckResult.DONE, 5)


def test_acks_that_nobody_waits_for_are_dropped(line: Any, info_frame: MakeInfo, data_frame: MakeData) -> None:
    with BoardReader(line.path) as reader:
        line.write(encode_frame(info_frame()))
        next(reader)
        sequence = reader.command(CommandCode.STOP)
        line.write(
            encode_frame(ack(sequence + 1, CommandCode.STOP))
            + encode_frame(ack(sequence, CommandCode.START))
            + encode_frame(ack(sequence, CommandCode.STOP, value=3))
            + encode_frame(ack(sequence, CommandCode.STOP, value=4))
            + encode_frame(data_frame())
        )
        messages = [next(reader), next(reader)]
    assert messages[0] == CommandAnswered(sequence, CommandCode.STOP, AckResult.DONE, 3)
    assert isinstance(messages[1], SampleBlock)


def test_a_command_without_an_answer_is_given_up(
    line: Any, clock: Callable[[float], Any], info_frame: MakeInfo
) -> None:
    made = clock(0.0)
    with BoardReader(line.path, answer_s=1.5, now=made.now) as reader:
        line.write(encode_frame(info_frame()))
        next(reader)
        sequence = reader.command(CommandCode.NONCE, 7)
        line.write(encode_frame(info_frame(epoch=1)))
        made.time_s = 1.4
        line.write(encode_frame(info_frame(rate_mhz=124_000)))
        assert isinstance(next(reader), BoardInfo)
        made.time_s = 1.5
        assert next(reader) == CommandAnswered(sequence, CommandCode.NONCE, None, 0)


def refused(reader: BoardReader) -> PortError:
    with pytest.raises(PortError) as caught:
        reader.command(CommandCode.IDENTIFY, 1)
    assert "\n" not in str(caught.value)
    return caught.value


def test_nothing_is_sent_before_the_first_info(line: Any, info_frame: MakeInfo, data_frame: MakeData) -> None:
    reader = BoardReader(line.path)
    assert refused(reader).reason is PortReason.SILENT
    with reader:
        assert refused(reader).reason is PortReason.SILENT
        line.write(encode_frame(data_frame()))
        next(reader)
        error = refused(reader)
        assert (error.reason, "send commands after its INFO" in str(error)) == (PortReason.SILENT, True)
        assert line.read() == b""
        line.write(encode_frame(info_frame()))
        next(reader)
        reader.command(CommandCode.IDENTIFY, 1)
        assert sent_to(line, 1)
    assert "is not connected" in str(refused(reader))


def test_a_text_sketch_takes_no_commands(line: Any) -> None:
    with BoardReader(line.path) as reader:
        line.write(b"IR:1,RED:2\n" * 5)
        next(reader)
        error = refused(reader)
    assert error.reason is PortReason.UNKNOWN_FORMAT
    assert "prints text and takes no commands" in str(error)


def test_a_replay_takes_no_commands(data: Path) -> None:
    with BoardReader(f"replay://{data / 'bidmc' / 'bidmc01'}?speed=0&seconds=5") as reader:
        next(reader)
        error = refused(reader)
        assert (error.reason, "plays a recording" in str(error)) == (PortReason.BAD_URL, True)
        assert isinstance(next(reader), SampleBlock)


@pytest.mark.parametrize("where", ["pty", "port"])
def test_a_light_board_answers(people: Path, where: str) -> None:
    with PtyBoard(LightBoard(WearerSource(load_wearer("ada")))) as board:
        url = board.path if where == "pty" else "sim://ada"
        passed = command(url, CommandCode.SELF_TEST)
        blinks = command(url, CommandCode.IDENTIFY, 5)
    assert (passed.result, passed.value) == (AckResult.DONE, 0)
    assert (blinks.result, blinks.value) == (AckResult.DONE, 5)


def test_a_light_board_stops_and_starts_on_command(people: Path) -> None:
    """The samples of the new epoch follow, and a stopped board, which goes on saying what it is, is not lost."""
    with PtyBoard(LightBoard(WearerSource(load_wearer("ada"))), speed=10) as board, BoardReader(board.path) as reader:
        messages: list[Message] = []
        for message in reader:
            messages.append(message)
            answered = [m for m in messages if isinstance(m, CommandAnswered)]
            if len(messages) == 1:
                reader.command(CommandCode.STOP)
            elif isinstance(message, CommandAnswered) and message.code is CommandCode.STOP:
                reader.command(CommandCode.START)
            elif isinstance(message, SampleBlock) and len(answered) == 2:
                break
    assert [(m.code, m.result, m.value) for m in answered] == [
        (CommandCode.STOP, AckResult.DONE, 0),
        (CommandCode.START, AckResult.DONE, 1),
    ]
    last = messages[-1]
    assert isinstance(last, SampleBlock)
    assert (last.epoch, last.index) == (1, 0)
    assert not [m for m in messages if isinstance(m, LinkLost)]


def test_a_lost_link_answers_no_more(line: Any, info_frame: MakeInfo) -> None:
    with BoardReader(line.path, sleep=lambda _: reader.close()) as reader:
        line.write(encode_frame(info_frame()))
        next(reader)
        sequence = reader.command(CommandCode.START)
        line.close()
        messages = list(reader)
    assert [type(message) for message in messages] == [LinkLost, CommandAnswered, LinkStatistics]
    assert messages[1] == CommandAnswered(sequence, CommandCode.START, None, 0)


def test_a_board_that_is_gone_takes_no_command(line: Any, info_frame: MakeInfo) -> None:
    with BoardReader(line.path) as reader:
        line.write(encode_frame(info_frame()))
        next(reader)
        line.close()
        error = refused(reader)
    assert error.reason is PortReason.UNPLUGGED


def test_a_board_that_was_just_opened_again_takes_no_command(tmp_path: Path, info_frame: MakeInfo) -> None:
    """It restarts at the opening, and what it said before says nothing about that."""
    name = tmp_path / "tty"
    refusals: list[PortError] = []

    def listed() -> list[ListedBoard]:
        if board.closed:
            refusals.append(refused(reader))
            reader.close()
        return []

    class Board(PtyBoard):
        closed = False

        def close(self) -> None:
            super().close()
            self.closed = True

    with PtyBoard(LightBoard(WearerSource(load_wearer("ada")))) as second:
        board = Board(LightBoard(WearerSource(load_wearer("ada"))))
        name.symlink_to(board.path)
        with BoardReader(str(name), boards=listed) as reader:
            next(reader)
            reader.command(CommandCode.NONCE)
            board.close()
            name.unlink()
            name.symlink_to(second.path)
            assert any(isinstance(message, LinkLost) for message in reader)
            list(reader)
    assert [error.reason for error in refusals] == [PortReason.SILENT]


def test_commands_from_many_threads_while_another_reads(line: Any, info_frame: MakeInfo, data_frame: MakeData) -> None:
    messages: list[Message] = []
    ready = threading.Event()

    def read() -> None:
        for message in reader:
            messages.append(message)
            ready.set()
            if sum(isinstance(m, CommandAnswered) for m in messages) == 60:
                return

    with BoardReader(line.path, answer_s=30.0) as reader:
        thread = threading.Thread(target=read)
        thread.start()
        line.write(encode_frame(info_frame()))
        assert ready.wait(5)
        sequences: list[int] = []
        senders = [
            threading.Thread(target=lambda: sequences.extend(reader.command(CommandCode.NONCE, 1) for _ in range(20)))
            for _ in range(3)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(10)
        for frame in sent_to(line, 60):
            assert isinstance(frame, CommandFrame)
            line.write(encode_frame(ack(frame.sequence, frame.code, value=frame.argument)))
        thread.join(10)
    answered = [message.sequence for message in messages if isinstance(message, CommandAnswered)]
    assert sorted(answered) == sorted(sequences) == list(range(60))


def test_sequences_wrap_and_arguments_fit(clock: Callable[[float], Any]) -> None:
    commands = Commands(1.0)
    for i in range(2**16 + 1):
        sequence, _ = commands.make(CommandCode.NONCE, i, 0.0)
        assert commands.answer(ack(sequence, CommandCode.NONCE)) is not None
    assert sequence == 0
    with pytest.raises(ValueError, match="does not fit"):
        commands.make(CommandCode.NONCE, 2**32, 0.0)
    assert commands.give_up() == []


class Peer:
    """A board at a pseudo-terminal that answers each command as it is told."""

    def __init__(self, line: Any, first: bytes, answer: Callable[[CommandFrame], AckFrame | None]) -> None:
        self._line, self._first, self._answer = line, first, answer
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Peer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _serve(self) -> None:
        decoder = FrameDecoder()
        while not self._stop.wait(0.02):
            # Opening empties the port, so that it says again and again what it is.
            self._line.write(self._first)
            for frame in decoder.feed(self._line.read()):
                assert isinstance(frame, CommandFrame)
                answer = self._answer(frame)
                if answer is not None:
                    self._line.write(encode_frame(answer))


def test_one_command_to_one_board(line: Any, info_frame: MakeInfo) -> None:
    wrong = SelfTest.PART | SelfTest.SAMPLES
    told = encode_frame(info_frame())
    with Peer(line, told, lambda c: ack(c.sequence, c.code, AckResult.FAILED, wrong)):
        answered = command(line.path, CommandCode.SELF_TEST)
    assert answered == CommandAnswered(answered.sequence, CommandCode.SELF_TEST, AckResult.FAILED, wrong)


def test_a_board_that_answers_no_command_is_an_error(line: Any, info_frame: MakeInfo, clock: Any) -> None:
    with (
        Peer(line, encode_frame(info_frame()), lambda _: None),
        pytest.raises(PortError, match="answers no commands") as caught,
    ):
        command(line.path, CommandCode.IDENTIFY, 5, now=clock(0.02).now)
    assert caught.value.reason is PortReason.SILENT


def test_a_command_to_what_is_no_board(line: Any, clock: Any) -> None:
    with (
        Peer(line, b"IR:1,RED:2\n", lambda _: None),
        pytest.raises(PortError, match="not a board of pulsekey's"),
    ):
        command(line.path, CommandCode.IDENTIFY, 5, now=clock(0.05).now)


def test_a_recording_that_ends_leaves_no_command_open(line: Any, info_frame: MakeInfo) -> None:
    from firmware_bridge.protocol import EventCode, EventFrame

    with BoardReader(line.path) as reader:
        line.write(encode_frame(info_frame()))
        next(reader)
        sequence = reader.command(CommandCode.STOP)
        line.write(encode_frame(EventFrame(DataFlags.NONE, 0, 0, 0, 0, EventCode.END_OF_RECORDING, 0)))
        messages = list(reader)
    assert messages[0] == CommandAnswered(sequence, CommandCode.STOP, None, 0)
    assert isinstance(messages[1], LinkStatistics)
    assert messages[2] == RecordingEnded()
