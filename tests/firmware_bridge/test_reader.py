"""The reader on real pseudo-terminals: what it yields, and how it is closed."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.board import LightBoard
from firmware_bridge.framing import encode_frame
from firmware_bridge.messages import (
    LinkStatistics,
    RecordingEnded,
    SampleBlock,
    SketchInfo,
)
from firmware_bridge.protocol import BoardInfo, DataFrame, InfoFrame
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from tests.firmware_bridge.reading import samples_of, source


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


def test_statistics_on_request(line: Any, data_frame: Callable[..., DataFrame]) -> None:
    with BoardReader(line.path) as reader:
        assert reader.statistics() == LinkStatistics(0, 0, 0, 0, None)
        line.write(encode_frame(data_frame()) + encode_frame(data_frame(15)))
        messages = [next(reader), next(reader)]
        assert all(isinstance(message, SampleBlock) for message in messages)
        assert reader.statistics() == LinkStatistics(10, 10, 0, 0, None)
