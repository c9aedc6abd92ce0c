"""Boards on real pseudo-terminals: commands answered, faults as the reader tells them, unplugged and plugged in."""

import errno
import os
import select
import signal
import subprocess
import sys
import time
import tty
from pathlib import Path

import pytest

from firmware_bridge.board import LightBoard
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.messages import LinkLost, LinkRestored, LinkStatistics, Message, SampleBlock
from firmware_bridge.plugged_board import PluggedBoard
from firmware_bridge.port_opening import open_port
from firmware_bridge.protocol import AckFrame, AckResult, BoardInfo, CommandCode, CommandFrame, DataFlags
from firmware_bridge.pty_board import PtyBoard, main
from firmware_bridge.reader import BoardReader
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.wire_faults import Stall, WireDamage, WireFaults
from tests.firmware_bridge.light_boards import Counting, measured

SECONDS = 40


def read_all(path: str) -> tuple[list[SampleBlock], LinkStatistics, list[Message]]:
    with BoardReader(path) as reader:
        messages = list(reader)
    statistics = [message for message in messages if isinstance(message, LinkStatistics)]
    return [message for message in messages if isinstance(message, SampleBlock)], statistics[-1], messages


def board(*faults: SensorFaultEvent) -> LightBoard:
    return LightBoard(Counting(SECONDS * 125), faults=faults)


def pairs(block: SampleBlock) -> list[tuple[int, int]]:
    return list(zip(block.ir_counts.tolist(), block.red_counts.tolist(), strict=True))


def test_what_is_written_reaches_the_board_and_is_answered() -> None:
    decoder = FrameDecoder()
    with PtyBoard(board()) as served:
        fd = os.open(served.path, os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(fd)
            acks: list[AckFrame] = []
            deadline = time.monotonic() + 10
            sent = 0
            while len(acks) < 3 and time.monotonic() < deadline:
                frames = decoder.feed(os.read(fd, 4096))
                acks += [frame for frame in frames if isinstance(frame, AckFrame)]
                if frames and sent <= len(acks) < 3:
                    os.write(fd, encode_frame(CommandFrame(sent, CommandCode.NONCE, sent + 1)))
                    sent += 1
        finally:
            os.close(fd)
    assert [(ack.command_sequence, ack.result, ack.value) for ack in acks] == [
        (i, AckResult.DONE, i + 1) for i in range(3)
    ]


def test_a_reader_that_only_writes_does_not_stop_the_board() -> None:
    with PtyBoard(board(), speed=50) as served:
        fd = os.open(served.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            for _ in range(20):
                try:
                    os.write(fd, b"\x55" * 1000)
                except BlockingIOError:
                    time.sleep(0.02)
        finally:
            os.close(fd)
        began = time.monotonic()
    assert time.monotonic() - began < 2


def test_gaps_epochs_and_restarts_as_the_reader_tells_them() -> None:
    faults = (
        SensorFaultEvent(FaultKind.OVERFLOW, 5.0, 0.4),
        SensorFaultEvent(FaultKind.NACK, 8.0, value=2),
        SensorFaultEvent(FaultKind.BROWN_OUT, 12.0, 0.2),
        SensorFaultEvent(FaultKind.RESET, 20.0),
    )
    with PtyBoard(board(*faults), speed=50) as served:
        blocks, statistics, messages = read_all(served.path)
    # 0.4 s and what was held are 55 samples, of which 32 fit; the rest is of epochs, and not lost but not measured.
    assert (statistics.lost, statistics.corrupt) == (23, 0)
    assert [block.epoch for block in blocks] == sorted(block.epoch for block in blocks)
    assert {block.epoch for block in blocks} == {0, 1, 2}
    for block in blocks:
        at = block.t_us * 125e-6 - (block.clock_index - block.index + 1)
        start = round(at) + (2500 if block.epoch == 2 else 0)
        assert pairs(block) == [measured(start + i) for i in range(block.ir_counts.size)]
    assert [block.index for block in blocks if DataFlags.FIFO_OVERFLOW in block.flags] == [620 + 32 + 23]
    retried = [(block.epoch, block.index) for block in blocks if DataFlags.I2C_RETRIED in block.flags]
    assert retried == [(0, 995), (1, 0)]
    assert any(isinstance(message, BoardInfo) and message.last_error for message in messages)


@pytest.mark.parametrize("damage", [WireDamage(loss=0.002), WireDamage(corrupt=0.002), WireDamage(truncate=0.03)])
def test_a_damaged_wire_costs_what_it_spoils_and_nothing_wrong_is_read(damage: WireDamage) -> None:
    wire = WireFaults(board(), damage)
    with PtyBoard(wire, speed=50) as served:
        blocks, statistics, _ = read_all(served.path)
    for block in blocks:
        assert pairs(block) == [measured(block.index + i) for i in range(block.ir_counts.size)]
    assert statistics.corrupt > 10
    assert statistics.samples == sum(block.ir_counts.size for block in blocks)
    assert statistics.samples + statistics.lost == SECONDS * 125
    assert statistics.lost % 5 == 0
    assert statistics.lost > 50


def test_a_stall_is_waited_for() -> None:
    with PtyBoard(WireFaults(board(), WireDamage(stalls=(Stall(10.0, 5.0),))), speed=50) as served:
        blocks, statistics, messages = read_all(served.path)
    assert (statistics.samples, statistics.lost, statistics.corrupt) == (SECONDS * 125, 0, 0)
    assert {block.epoch for block in blocks} == {0}
    assert not [message for message in messages if isinstance(message, LinkLost)]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(WireDamage(baud=9600), PortReason.WRONG_BAUD), (WireDamage(version=2), PortReason.UNKNOWN_VERSION)],
)
def test_a_board_that_cannot_be_understood_is_told_why(damage: WireDamage, reason: PortReason) -> None:
    with PtyBoard(WireFaults(board(), damage), speed=10) as served, pytest.raises(PortError) as caught:
        read_all(served.path)
    assert caught.value.reason is reason


def test_unplugged_is_a_hang_up(tmp_path: Path) -> None:
    with PluggedBoard(board(), tmp_path / "board") as plugged:
        fd = os.open(plugged.path, os.O_RDWR | os.O_NOCTTY)
        try:
            plugged.unplug()
            assert not plugged.path.is_symlink()
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            assert poll.poll(1000)[0][1] & select.POLLHUP
            with pytest.raises(OSError, match=os.strerror(errno.EIO)):
                os.write(fd, b"x")
        finally:
            os.close(fd)
        plugged.unplug()


def test_plugged_in_again_under_the_same_name_and_another(tmp_path: Path) -> None:
    messages: list[Message] = []
    with PluggedBoard(LightBoard(Counting()), tmp_path / "board", speed=20) as plugged:
        with pytest.raises(RuntimeError, match="is plugged in"):
            plugged.replug()
        with BoardReader(str(plugged.path)) as reader:
            for message in reader:
                messages.append(message)
                if isinstance(message, LinkLost):
                    plugged.replug()
                elif isinstance(message, SampleBlock) and message.index > 100:
                    if message.epoch == 3:
                        break
                    plugged.unplug()
        plugged.unplug()
        plugged.replug("elsewhere")
        assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
        with BoardReader(str(plugged.path)) as reader:
            assert isinstance(next(reader), BoardInfo)
    assert [m.reason for m in messages if isinstance(m, LinkLost)] == [PortReason.UNPLUGGED] * 3
    assert sum(isinstance(m, LinkRestored) for m in messages) == 3
    offsets: dict[int, int] = {}
    for block in messages:
        if isinstance(block, SampleBlock):
            ir, red = pairs(block)[0]
            k = (red - 100_000) // 4 * 500 + (ir - 120_000) // 4
            assert pairs(block) == [measured(k + i) for i in range(block.ir_counts.size)]
            assert offsets.setdefault(block.epoch, k - block.index) == k - block.index
    # What it measures goes on.
    assert list(offsets.values()) == sorted(set(offsets.values()))
    assert list(offsets) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["sim://ada", "--fault", "lose=1"], "no fault 'lose'; there are loss, "),
        (["sim://ada", "--fault", "swapped", "--fault", "loss=2"], "the value of loss should be 0 to 1"),
        (["sim://nobody"], "no simulated wearer 'nobody'"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(
    people: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert text in printed.err


def test_the_command_serves_a_board_with_faults(tmp_path: Path) -> None:
    recording = tmp_path / "pulse.csv"
    recording.write_text("ppg\n" + "\n".join(str(i % 100) for i in range(3000)) + "\n")
    command = [sys.executable, "-m", "firmware_bridge.pty_board", f"replay://{recording}?rate=125", "--speed", "20"]
    faults = ["--fault", "brownout@5", "--fault", "overflow@10+0.4", "--fault", "clock=0.04", "--fault", "jitter=0.01"]
    with subprocess.Popen([*command, *faults, "--fault", "corrupt=1e-3"], stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            blocks, statistics, messages = read_all(served.stdout.readline().strip())
        finally:
            served.send_signal(signal.SIGTERM)
        assert served.wait(10) == 0
    (info, *_) = (message for message in messages if isinstance(message, BoardInfo))
    assert info.nominal_rate_mhz == 125_000
    assert statistics.measured_rate_hz == pytest.approx(130.0, rel=1e-3)
    assert {block.epoch for block in blocks} == {0, 1}
    assert statistics.lost > 20
    assert statistics.corrupt > 10


def test_sim_ports_answer_commands_too(people: Path) -> None:
    port = open_port("sim://ada?speed=0", 115_200)
    try:
        port.read(1000)
        command = encode_frame(CommandFrame(3, CommandCode.IDENTIFY, 2))
        assert port.write(command) == len(command)
        frames = FrameDecoder().feed(port.read(8000))
    finally:
        port.close()
    (ack,) = (frame for frame in frames if isinstance(frame, AckFrame))
    assert (ack.command_sequence, ack.value) == (3, 2)
