"""The reader on real pseudo-terminals: what it yields, and every way a port can be wrong or go away."""

import errno
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial

from firmware_bridge import port_opening
from firmware_bridge.board import LightBoard
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.framing import encode_frame
from firmware_bridge.messages import (
    LinkLost,
    LinkRestored,
    LinkStatistics,
    Message,
    RecordingEnded,
    SampleBlock,
    SketchInfo,
)
from firmware_bridge.protocol import BoardInfo, DataFrame, InfoFrame
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sources import RecordingSource

STEP_S = 0.6
"""What an injected clock goes on by at each look: three seconds pass in a few reads."""


def source(n: int = 1000) -> RecordingSource:
    ppg = np.sin(np.arange(n) / 16)
    ppg[n // 2 : n // 2 + 7] = np.nan
    return RecordingSource(Recording(ppg, 125.0, "p", "s", "r"))


def samples_of(messages: list[Message]) -> list[int]:
    return [count for m in messages if isinstance(m, SampleBlock) for count in m.ir_counts.tolist()]


def refusal(reader: BoardReader) -> PortError:
    with pytest.raises(PortError) as caught, reader:
        list(reader)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_recording_through_a_pseudo_terminal_is_exact() -> None:
    wanted = source(5000).read(5000)
    with PtyBoard(LightBoard(source(5000)), speed=50) as board, BoardReader(board.path) as reader:
        messages = list(reader)
    got = np.full_like(wanted, -1)
    for block in messages:
        if isinstance(block, SampleBlock):
            got[block.index : block.index + len(block.ir_counts), 0] = block.ir_counts
            got[block.index : block.index + len(block.ir_counts), 1] = block.red_counts
    np.testing.assert_array_equal(got, wanted)
    assert isinstance(messages[0], BoardInfo)
    statistics, end = messages[-2:]
    assert end == RecordingEnded()
    assert isinstance(statistics, LinkStatistics)
    assert (statistics.samples, statistics.lost, statistics.corrupt, statistics.restarts) == (4993, 7, 0, 0)
    assert statistics.measured_rate_hz == pytest.approx(125.0)
    assert sum(isinstance(m, BoardInfo) for m in messages) == 1


def test_a_slow_reader_loses_nothing() -> None:
    with PtyBoard(LightBoard(source(20_000)), speed=0) as board, BoardReader(board.path) as reader:
        first = next(reader)
        time.sleep(0.1)  # Far more than the pseudo-terminal holds is due by now.
        messages = [first, *reader]
    assert len(samples_of(messages)) == 20_000 - 7


def test_a_board_boots_for_each_reader_and_its_source_goes_on() -> None:
    with PtyBoard(LightBoard(source(3000)), speed=50) as board:
        with BoardReader(board.path) as reader:
            first = [next(reader) for _ in range(20)]
        time.sleep(0.15)  # The board looks every 50 ms whether its reader has left.
        with BoardReader(board.path) as reader:
            second = list(reader)
    assert isinstance(second[0], BoardInfo)
    block = second[1]
    assert isinstance(block, SampleBlock)
    assert (block.index, block.epoch) == (0, 0)
    whole = source(3000).read(3000)[:, 0].tolist()
    assert samples_of(first) == whole[: len(samples_of(first))]
    rest = samples_of(second)
    assert rest == [count for count in whole if count >= 0][-len(rest) :]


def test_readers_that_come_and_go_at_once_do_no_harm() -> None:
    with PtyBoard(LightBoard(source()), speed=50) as board:
        for _ in range(30):
            with BoardReader(board.path):
                pass
        with BoardReader(board.path) as reader:
            assert samples_of(list(reader))


def test_a_port_that_is_read_already_is_busy() -> None:
    with PtyBoard(LightBoard(source())) as board, BoardReader(board.path):
        error = refusal(BoardReader(board.path))
    assert error.reason is PortReason.BUSY
    assert str(error) == f"{board.path} is busy: another program reads it; stop that one first"


def test_no_such_port_names_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_opening, "_known_ports", lambda: ["/dev/ttyACM0"])
    error = refusal(BoardReader("/dev/ttyNONE"))
    assert (error.reason, str(error)) == (
        PortReason.NOT_FOUND,
        "no such port: /dev/ttyNONE; there are /dev/ttyACM0",
    )
    monkeypatch.setattr(port_opening, "_known_ports", lambda: [])
    assert "no USB serial board is plugged in" in str(refusal(BoardReader("/dev/ttyNONE")))


def test_permission_denied_says_which_group_to_join(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def denied(url: str, **_: Any) -> None:
        raise serial.SerialException(errno.EACCES, f"could not open port {url}: [Errno 13] Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", denied)
    tty = tmp_path / "tty"
    tty.touch()
    tty.chmod(0o660)
    error = refusal(BoardReader(str(tty)))
    assert error.reason is PortReason.DENIED
    group = tty.group()
    assert f"its group is {group}: run 'sudo usermod -aG {group} $USER'" in str(error)
    tty.chmod(0o600)
    assert f"sudo chmod g+rw {tty}" in str(refusal(BoardReader(str(tty))))


@pytest.mark.parametrize(
    ("url", "match"),
    [("nosuch://x", "no port"), ("socket://nowhere", "no port"),
     ("/etc/hostname", "use replay:///etc/hostname"), ("/tmp", "no serial port")],
)  # fmt: skip
def test_what_is_no_port(url: str, match: str) -> None:
    error = refusal(BoardReader(url))
    assert error.reason is PortReason.BAD_URL
    assert match in str(error)


@pytest.mark.parametrize(
    ("cause", "match"),
    [(TimeoutError("timed out"), "timed out"), (socket.gaierror(-2, "Name unknown"), "Name unknown")],
)
def test_a_socket_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, cause: OSError, match: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise cause

    monkeypatch.setattr(socket, "create_connection", fail)
    error = refusal(BoardReader("socket://board.example:7000"))
    assert error.reason is PortReason.NOT_FOUND
    assert match in str(error)


def test_nobody_listens_at_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    error = refusal(BoardReader(f"socket://127.0.0.1:{number}"))
    assert error.reason is PortReason.NOT_FOUND
    assert "Connection refused" in str(error)


def test_a_board_behind_a_socket() -> None:
    sent = b"".join(packet.data for packet in LightBoard(source()).boot())
    opened = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                opened.wait(5)  # pyserial throws away what comes before it has opened the port.
                peer.sendall(sent)
                peer.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        with BoardReader(f"socket://127.0.0.1:{server.getsockname()[1]}") as reader:
            opened.set()
            assert len(samples_of(list(reader))) == 993
        thread.join(5)


def test_a_silent_board(line: Any, clock: Callable[[float], Any]) -> None:
    error = refusal(BoardReader(line.path, now=clock(STEP_S).now))
    assert error.reason is PortReason.SILENT
    assert "is silent: no byte in 3 s" in str(error)


def after_open(reader: BoardReader, line: Any, data: bytes) -> PortError:
    """Opening empties the port: only what is written then arrives."""
    reader.open()
    line.write(data)
    return refusal(reader)


@pytest.mark.parametrize("noise", [bytes(range(128, 256)) * 8, b"\xf8\x00\x80\x78" * 200, b"\0" * 500])
def test_a_wrong_baud_rate(line: Any, clock: Callable[[float], Any], noise: bytes) -> None:
    error = after_open(BoardReader(line.path, baud=9600, now=clock(STEP_S).now), line, noise)
    assert error.reason is PortReason.WRONG_BAUD
    assert "neither frames nor text in 3 s at 9600 baud" in str(error)


def test_an_unknown_protocol_version(
    line: Any, clock: Callable[[float], Any], data_frame: Callable[..., DataFrame]
) -> None:
    from binascii import crc_hqx

    from cobs import cobs

    from firmware_bridge.codec import encode_body

    body = b"\x21" + encode_body(data_frame())[1:]
    frame = cobs.encode(body + crc_hqx(body, 0xFFFF).to_bytes(2, "big")) + b"\0"
    error = after_open(BoardReader(line.path, now=clock(STEP_S).now), line, b"\0" + 4 * frame)
    assert error.reason is PortReason.UNKNOWN_VERSION
    assert "speaks protocol version 2, this pulsekey version 1" in str(error)


def test_a_text_format_nobody_knows(line: Any, clock: Callable[[float], Any]) -> None:
    error = after_open(BoardReader(line.path, now=clock(STEP_S).now), line, b"Temp=36.6 degrees\r\n" * 9)
    assert error.reason is PortReason.UNKNOWN_FORMAT
    assert "such as 'Temp=36.6 degrees'" in str(error)


def test_a_text_sketch_is_read_with_the_hosts_clock(line: Any) -> None:
    with BoardReader(line.path, reconnect=False) as reader:
        line.write(b"MAX30105 Basic Readings\r\n" + b"".join(b" R[%d] IR[%d] G[1]\r\n" % (i, 2 * i) for i in range(9)))
        before = time.monotonic()
        block = next(reader)
    assert isinstance(block, SampleBlock)
    assert block.ir_counts.tolist() == [2 * i for i in range(9)]
    assert before * 1e6 <= block.t_us <= time.monotonic() * 1e6


def test_a_sketch_introduces_itself_when_its_rate_is_known(line: Any, clock: Callable[[float], Any]) -> None:
    made = clock(0.01)
    with BoardReader(line.path, now=made.now) as reader:
        line.write(b"".join(b"IR:%d,RED:7\n" % i for i in range(5)))
        next(reader)
        made.time_s += 2.5
        line.write(b"IR:9,RED:9\n")
        messages = [next(reader) for _ in range(2)]
    assert isinstance(messages[1], SketchInfo)


def test_unplugged_without_reconnecting_is_an_error() -> None:
    board = PtyBoard(LightBoard(source()))
    with BoardReader(board.path, reconnect=False) as reader:
        got = [next(reader) for _ in range(3)]
        board.close()
        with pytest.raises(PortError, match="was unplugged") as caught:
            got.extend(reader)
    assert caught.value.reason is PortReason.UNPLUGGED
    assert isinstance(got[-1], LinkStatistics)


def test_a_board_that_comes_back_under_its_stable_name(tmp_path: Path) -> None:
    link = tmp_path / "by-id"
    boards = [PtyBoard(LightBoard(source(5000)))]
    link.symlink_to(boards[0].path)
    messages: list[Message] = []
    with BoardReader(str(link)) as reader:
        for message in reader:
            messages.append(message)
            lost = [m for m in messages if isinstance(m, LinkLost)]
            restored = [m for m in messages if isinstance(m, LinkRestored)]
            if isinstance(message, LinkLost):
                link.unlink()
                boards.append(PtyBoard(LightBoard(source(5000))))
                link.symlink_to(boards[-1].path)
            elif isinstance(message, SampleBlock) and len(lost) == len(restored) == 3:
                break
            elif isinstance(message, SampleBlock) and len(lost) == len(restored) == len(boards) - 1:
                boards[-1].close()
    boards[-1].close()
    assert [m.epoch for m in messages if isinstance(m, LinkRestored)] == [1, 2, 3]
    assert all(m.reason is PortReason.UNPLUGGED for m in messages if isinstance(m, LinkLost))
    firsts = {m.epoch: m.index for m in reversed(messages) if isinstance(m, SampleBlock)}
    assert firsts == {0: 0, 1: 0, 2: 0, 3: 0}
    assert all(m.outage_s < 2 for m in messages if isinstance(m, LinkRestored))


def test_retries_back_off_and_close_ends_them(clock: Callable[[float], Any]) -> None:
    made = clock(0.001)
    attempts: list[float] = []

    def sleep(seconds: float) -> None:
        made.sleep(seconds)
        if made.slept_s > 20:
            reader.close()

    board = PtyBoard(LightBoard(source()))
    reader = BoardReader(board.path, now=made.now, sleep=sleep)
    with reader:
        next(reader)
        next(reader)
        board.close()
        opens = reader.open

        def watched() -> None:
            attempts.append(made.slept_s)
            opens()

        reader.open = watched  # type: ignore[method-assign]
        messages = list(reader)
    assert [type(m) for m in messages if not isinstance(m, SampleBlock)] == [LinkLost, LinkStatistics]
    waits = np.diff([0.0, *attempts])
    np.testing.assert_allclose(waits, [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0], atol=0.15)


def test_a_board_that_is_plugged_in_again_is_opened_at_once(tmp_path: Path, clock: Callable[[float], Any]) -> None:
    """By then the retries are seconds apart, but a name that appears is seen within a nap."""
    made, link = clock(0.0), tmp_path / "by-id"
    boards = [PtyBoard(LightBoard(source()))]
    link.symlink_to(boards[0].path)
    plugged_at: list[float] = []

    def sleep(seconds: float) -> None:
        made.sleep(seconds)
        if made.slept_s > 4.0 and not plugged_at:
            plugged_at.append(made.time_s)
            boards.append(PtyBoard(LightBoard(source())))
            link.symlink_to(boards[1].path)

    with BoardReader(str(link), now=made.now, sleep=sleep) as reader:
        assert isinstance(next(reader), BoardInfo)
        link.unlink()
        boards[0].close()
        restored = next(message for message in reader if isinstance(message, LinkRestored))
        assert made.time_s - plugged_at[0] < 0.2
        assert restored.outage_s == pytest.approx(plugged_at[0], abs=0.2)
    boards[1].close()


def test_a_board_that_falls_silent_is_lost(
    line: Any,
    clock: Callable[[float], Any],
    data_frame: Callable[..., DataFrame],
    info_frame: Callable[..., InfoFrame],
) -> None:
    with BoardReader(line.path, reconnect=False, now=clock(STEP_S).now) as reader:
        line.write(b"\0" + encode_frame(info_frame()) + encode_frame(data_frame()))
        with pytest.raises(PortError, match="fell silent") as caught:
            list(reader)
    assert caught.value.reason is PortReason.SILENT


def test_statistics_come_every_ten_seconds(
    line: Any,
    clock: Callable[[float], Any],
    info_frame: Callable[..., InfoFrame],
    data_frame: Callable[..., DataFrame],
) -> None:
    made = clock(0.0)
    with BoardReader(line.path, now=made.now) as reader:
        line.write(b"\0" + encode_frame(info_frame()) + b"\5spoilt\0" + encode_frame(data_frame(5)))
        assert isinstance(next(reader), BoardInfo)
        assert isinstance(next(reader), SampleBlock)
        made.time_s = 10.0
        line.write(encode_frame(data_frame(20)))
        assert next(reader) == LinkStatistics(5, 0, 1, 0, None)
        assert isinstance(next(reader), SampleBlock)
        made.time_s = 20.0
        assert next(reader) == LinkStatistics(10, 10, 1, 0, None)


@pytest.mark.parametrize("url", ["pty", "sim://ada?speed=0.1"])
def test_close_from_another_thread_ends_the_iteration(people: Path, url: str) -> None:
    with PtyBoard(LightBoard(source()), 0.1) as board:
        reader = BoardReader(board.path if url == "pty" else url)
        messages = [next(reader)]
        timer = threading.Timer(0.1, reader.close)
        timer.start()
        began = time.monotonic()
        messages += list(reader)
        assert time.monotonic() - began < 2
        timer.join()
        reader.close()
    assert isinstance(messages[-1], LinkStatistics)
    assert reader._port is None


def test_close_from_a_signal_handler_ends_the_iteration() -> None:
    import signal

    with PtyBoard(LightBoard(source())) as board, BoardReader(board.path) as reader:
        previous = signal.signal(signal.SIGALRM, lambda *_: reader.close())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            messages = list(reader)
        finally:
            signal.signal(signal.SIGALRM, previous)
    assert isinstance(messages[-1], LinkStatistics)
    assert reader._port is None


def test_nothing_is_sent_to_the_board_by_itself(line: Any, info_frame: Callable[..., InfoFrame]) -> None:
    with BoardReader(line.path) as reader:
        line.write(encode_frame(info_frame()))
        next(reader)
        assert line.read() == b""


class DyingPort:
    """A port that a board was pulled out of, as pyserial shows it."""

    port = "/dev/ttyACM0"

    def __init__(self, frames: bytes, dies: str) -> None:
        self._left, self._dies = bytearray(frames), dies

    def read(self, size: int) -> bytes:
        if not self._left and self._dies == "read":
            raise serial.SerialException("device reports readiness to read but returned no data")
        data = bytes(self._left[:size])
        del self._left[:size]
        return data or b"\0"

    @property
    def in_waiting(self) -> int:
        if not self._left and self._dies == "in_waiting":
            raise OSError(errno.EIO, "Input/output error")
        return len(self._left)

    def close(self) -> None: ...


@pytest.mark.parametrize("dies", ["read", "in_waiting"])
def test_both_ways_in_which_pyserial_reports_an_unplugged_board(
    monkeypatch: pytest.MonkeyPatch,
    clock: Callable[[float], Any],
    info_frame: Callable[..., InfoFrame],
    data_frame: Callable[..., DataFrame],
    dies: str,
) -> None:
    frames = encode_frame(info_frame()) + encode_frame(data_frame())
    opened: list[DyingPort] = []

    def opens(url: str, **_: Any) -> DyingPort:
        opened.append(DyingPort(frames, dies))
        return opened[-1]

    monkeypatch.setattr(serial, "serial_for_url", opens)
    made = clock(0.001)
    messages: list[Message] = []
    with BoardReader("/dev/ttyACM0", now=made.now, sleep=made.sleep, boards=list) as reader:
        for message in reader:
            messages.append(message)
            if sum(isinstance(m, LinkRestored) for m in messages) == 2:
                break
    losses = [message for message in messages if isinstance(message, LinkLost)]
    assert [loss.reason for loss in losses] == [PortReason.UNPLUGGED] * 2
    assert losses[0].detail == "/dev/ttyACM0 was unplugged"
    assert len(opened) == 3


def test_statistics_on_request(line: Any, data_frame: Callable[..., DataFrame]) -> None:
    with BoardReader(line.path) as reader:
        assert reader.statistics() == LinkStatistics(0, 0, 0, 0, None)
        line.write(encode_frame(data_frame()) + encode_frame(data_frame(15)))
        messages = [next(reader), next(reader)]
        assert all(isinstance(message, SampleBlock) for message in messages)
        assert reader.statistics() == LinkStatistics(10, 10, 0, 0, None)
