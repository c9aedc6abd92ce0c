"""Every way a board can go away while it is read, and how it comes back."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial

from firmware_bridge.board import LightBoard
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.framing import encode_frame
from firmware_bridge.messages import (
    LinkLost,
    LinkRestored,
    LinkStatistics,
    Message,
    SampleBlock,
)
from firmware_bridge.protocol import BoardInfo, DataFrame, InfoFrame
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from tests.firmware_bridge.reading import STEP_S, source


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
