"""Frames that a second program writes into a real terminal's line: without a key they are taken, with it none is."""

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from firmware_bridge.board import LightBoard
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.messages import LinkStatistics, Message, SampleBlock
from firmware_bridge.packets import Board
from firmware_bridge.protocol import CommandCode, CommandFrame, DataFlags, DataFrame
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from firmware_bridge.sealing import Seal
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from tests.firmware_bridge.conftest import Clock, Line
from tests.firmware_bridge.light_boards import Counting, measured

KEY, OTHER_KEY = bytes(range(16)), bytes(16)
SAMPLES = 500
WRITER = """
import os, select, sys
fd, data = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
while data:
    select.select([], [fd], [])
    try:
        data = data[os.write(fd, data):]
    except BlockingIOError:
        pass
"""
FORGED_COUNTS = 77_777
STEP_S = 0.6


def forged(**fields: int) -> DataFrame:
    plain = {"flags": DataFlags.NONE, "sequence": 0, "t_us": 2_000_000, "index": 300, "epoch": 0, "fifo_depth": 5}
    counts = (FORGED_COUNTS,) * 5
    return DataFrame(**(plain | fields), ir_counts=counts, red_counts=counts)  # type: ignore[arg-type]


def second_program(fd: int, data: bytes) -> None:
    subprocess.run([sys.executable, "-S", "-c", WRITER, str(fd), data.hex()], pass_fds=[fd], check=True, timeout=30)


@dataclass
class Session:
    """A board at a line, read to its end, and what a second program writes once so many packets have been sent."""

    line: Line
    board: Board
    attacks: dict[int, Callable[["Session"], bytes]] = field(default_factory=dict)
    sent: bytes = b""
    injected: bytes = b""
    time_s: float = 0.0
    nonces: list[int] = field(default_factory=list)
    failed: BaseException | None = None

    def read(self, key: bytes | None) -> list[Message]:
        """The messages, by a clock that is the board's."""
        with BoardReader(self.line.path, key=key, reconnect=False, now=lambda: self.time_s) as reader:
            driver = threading.Thread(target=self._drive, args=(key is not None,))
            driver.start()
            try:
                return list(reader)
            finally:
                driver.join(30)
                assert self.failed is None, self.failed

    def _drive(self, keyed: bool) -> None:
        decoder = FrameDecoder()
        decoder.feed(b"\0")
        due = keyed
        try:
            for number, packet in enumerate(self.board.boot()):
                if number in self.attacks:
                    data = self.attacks[number](self)
                    second_program(self.line.fd, data)
                    self.injected += data
                self.time_s = packet.due_s
                self._write(packet.data)
                self.sent += packet.data
                # A board that boots is asked anew; the host's answer is waited for, so that nothing depends on speed.
                due |= keyed and packet.data[:1] == b"\0"
                if due and number != 0:
                    self._await(decoder)
                    due = False
        except BaseException as error:
            self.failed = error

    def _await(self, decoder: FrameDecoder) -> None:
        frames: list[object] = []
        while not frames:
            assert select.select([self.line.fd], [], [], 20)[0], "the host has sent no nonce"
            data = self.line.read()
            self.board.receive(data)
            frames += decoder.feed(data)
        assert isinstance(frames[0], CommandFrame)
        assert frames[0].code is CommandCode.NONCE
        self.nonces.append(frames[0].argument)

    def _write(self, data: bytes) -> None:
        while data:
            assert select.select([], [self.line.fd], [], 20)[1], "the host has stopped reading"
            try:
                data = data[os.write(self.line.fd, data) :]
            except BlockingIOError:
                time.sleep(0.001)


def blocks(messages: list[Message]) -> list[SampleBlock]:
    return [message for message in messages if isinstance(message, SampleBlock)]


def ir_of(messages: list[Message]) -> list[int]:
    return [count for block in blocks(messages) for count in block.ir_counts.tolist()]


def totals(messages: list[Message]) -> LinkStatistics:
    return next(message for message in reversed(messages) if isinstance(message, LinkStatistics))


def data_in(stream: bytes) -> list[DataFrame]:
    return [frame for frame in FrameDecoder().feed(b"\0" + stream) if isinstance(frame, DataFrame)]


def encode_all(frames: Iterable[DataFrame]) -> bytes:
    return b"".join(map(encode_frame, frames))


def assert_only_the_boards(messages: list[Message], *, first: int = 5, last: int = SAMPLES) -> None:
    got = [pair for m in blocks(messages) for pair in zip(m.ir_counts.tolist(), m.red_counts.tolist(), strict=True)]
    assert got == [measured(k) for k in range(first, last)]


def unsealed(_: Session) -> bytes:
    return b"".join(encode_frame(forged(index=300 + 5 * i, sequence=100 + i)) for i in range(8))


def with_guessed_tags(_: Session) -> bytes:
    seal = Seal(OTHER_KEY, 1)
    return b"".join(encode_frame(seal.sealed(forged(index=300 + 5 * i, sequence=100 + i))) for i in range(8))


def under_another_key(session: Session) -> bytes:
    seal = Seal(OTHER_KEY, session.nonces[-1])
    return b"".join(encode_frame(seal.sealed(forged(index=300 + 5 * i, sequence=100 + i))) for i in range(8))


def its_own_bytes(session: Session) -> bytes:
    return encode_all(frame for frame in data_in(session.sent) if DataFlags.SEALED in frame.flags)


@pytest.mark.parametrize("attack", [unsealed, with_guessed_tags, under_another_key, its_own_bytes])
def test_none_of_the_forged_frames_is_taken_and_all_are_counted(line: Line, attack: Callable[[Session], bytes]) -> None:
    session = Session(line, LightBoard(Counting(SAMPLES), key=KEY), dict.fromkeys((20, 40, 60), attack))
    messages = session.read(KEY)
    assert_only_the_boards(messages)
    number = len(data_in(session.injected))
    assert number >= 24
    assert totals(messages) == LinkStatistics(SAMPLES - 5, 0, 0, 0, pytest.approx(125.0), forged=number)


def test_an_earlier_session_played_back_is_not_taken(line: Line) -> None:
    first, second = Session(line, LightBoard(Counting(SAMPLES), key=KEY)), Line()
    first.read(KEY)
    recorded = [frame for frame in data_in(first.sent) if DataFlags.SEALED in frame.flags]
    assert len(recorded) == SAMPLES // 5 - 1
    source = Counting(2 * SAMPLES)
    source.read(SAMPLES)
    board = LightBoard(source, key=KEY)
    parts = {3: recorded[:30], 30: recorded[:30], 31: recorded[30:]}
    try:
        later = Session(second, board, {n: lambda _, part=part: encode_all(part) for n, part in parts.items()})
        messages = later.read(KEY)
    finally:
        second.close()
    assert first.nonces != later.nonces
    assert_only_the_boards(messages, first=SAMPLES + 5, last=2 * SAMPLES)
    assert totals(messages).forged == len(data_in(later.injected)) == len(recorded) + 30


def test_without_a_key_they_are_taken_for_the_boards(line: Line) -> None:
    messages = Session(line, LightBoard(Counting(SAMPLES), key=KEY), {20: unsealed}).read(None)
    assert ir_of(messages).count(FORGED_COUNTS) == 40
    assert totals(messages).forged == 0


def test_what_comes_before_the_seal_is_not_taken(line: Line) -> None:
    messages = Session(line, LightBoard(Counting(SAMPLES), key=KEY), {0: unsealed, 1: with_guessed_tags}).read(KEY)
    assert_only_the_boards(messages)
    # An honest board sends frames that are not sealed before it has the nonce: they are not held against it.
    assert (totals(messages).forged, totals(messages).lost) == (0, 0)


def test_a_board_that_restarts_gets_a_new_nonce(line: Line) -> None:
    board = LightBoard(Counting(SAMPLES), key=KEY, faults=[SensorFaultEvent(FaultKind.RESET, 2.0)])
    session = Session(line, board, {70: its_own_bytes})
    messages = session.read(KEY)
    assert len(set(session.nonces)) == 2
    counts = ir_of(messages)
    assert counts == sorted(counts, key=[measured(k)[0] for k in range(SAMPLES)].index)
    assert totals(messages).restarts == 1
    assert totals(messages).forged == len(data_in(session.injected)) > 50
    assert {block.epoch for block in blocks(messages)} == {0, 1}


def refusal(reader: BoardReader) -> PortError:
    messages: list[Message] = []
    with pytest.raises(PortError) as caught, reader:
        messages.extend(reader)
    assert blocks(messages) == []
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("key", [None, OTHER_KEY])
def test_a_board_without_this_key_is_an_error(key: bytes | None, clock: Callable[[float], Clock]) -> None:
    with PtyBoard(LightBoard(Counting(), key=key)) as board:
        error = refusal(BoardReader(board.path, key=KEY, now=clock(STEP_S).now))
    assert error.reason is PortReason.NOT_SEALED
    assert "pulsekey firmware --key" in str(error)
    assert "leave --board-key away" in str(error)


def test_a_recording_of_a_board_without_this_key_is_one_even_if_it_ends_at_once() -> None:
    with PtyBoard(LightBoard(Counting(50)), speed=0) as board:
        assert refusal(BoardReader(board.path, key=KEY)).reason is PortReason.NOT_SEALED


def test_a_text_sketch_cannot_seal(line: Line) -> None:
    reader = BoardReader(line.path, key=KEY)
    reader.open()
    line.write(b"IR:120000,RED:90000\r\n" * 20)
    assert refusal(reader).reason is PortReason.NOT_SEALED


def test_a_key_of_another_length_is_refused(line: Line) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        BoardReader(line.path, key=b"short")


def test_a_sealing_board_is_read_without_its_key_as_any_other() -> None:
    with PtyBoard(LightBoard(Counting(SAMPLES), key=KEY), speed=10) as board, BoardReader(board.path) as reader:
        assert ir_of(list(reader)) == [measured(k)[0] for k in range(SAMPLES)]
    with PtyBoard(LightBoard(Counting(SAMPLES), key=KEY), speed=10) as board, BoardReader(board.path) as reader:
        messages = [next(reader)]
        reader.command(CommandCode.NONCE, 1)
        messages += reader
    assert ir_of(messages) == [measured(k)[0] for k in range(SAMPLES)]
    assert DataFlags.SEALED in blocks(messages)[-1].flags
