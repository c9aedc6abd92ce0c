"""`pulsekey ports` with one board, at a real pseudo-terminal: watched, identified, tested."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.cli import main
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.packets import Packet
from firmware_bridge.protocol import (
    AckFrame,
    AckResult,
    BoardInfo,
    ChannelOrder,
    CommandCode,
    CommandFrame,
    DataFlags,
    DataFrame,
    InfoFrame,
    SelfTest,
    SensorFault,
)
from firmware_bridge.pty_board import PtyBoard

ROOT = Path(__file__).resolve().parents[2]
INFO = BoardInfo((1, 2, 3), 0x15, SensorFault.BROWN_OUT, 0x60, 0x35, 7200, 7200, 125_000, ChannelOrder.GENUINE)


class ScriptedBoard:
    """Sends 125 samples a second, and answers each command by the script."""

    def __init__(self, result: AckResult, value: int) -> None:
        self._result, self._value = result, value
        self._decoder = FrameDecoder()
        self._acks = b""
        self.asked: list[CommandFrame] = []

    def boot(self) -> Iterator[Packet]:
        yield Packet(0.0, b"\0" + encode_frame(InfoFrame(DataFlags.RESTARTED, 0, 0, 0, INFO)))
        for i in range(10_000):
            t_us = 40_000 * (i + 1)
            data = DataFrame(DataFlags.NONE, 0, t_us, 5 * i, 0, 5, (60_000,) * 5, (50_000,) * 5)
            acks, self._acks = self._acks, b""
            yield Packet(t_us / 1e6, encode_frame(data) + acks)

    def receive(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            assert isinstance(frame, CommandFrame)
            self.asked.append(frame)
            self._acks += encode_frame(
                AckFrame(DataFlags.NONE, 0, 0, frame.sequence, frame.code, self._result, self._value)
            )


Ports = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ports(capsys: pytest.CaptureFixture[str]) -> Ports:
    def run(board: ScriptedBoard, *words: str) -> tuple[int, str, str]:
        with PtyBoard(board) as served:
            status = main(["ports", *words, "--port", served.path])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_identify(ports: Ports) -> None:
    board = ScriptedBoard(AckResult.DONE, 5)
    status, out, _ = ports(board, "--identify")
    assert status == 0
    assert out.startswith("the light of the board at /dev/pts/")
    assert out.endswith(" blinks for 5 s\n")
    assert [(frame.code, frame.argument) for frame in board.asked] == [(CommandCode.IDENTIFY, 5)]
    assert json.loads(ports(board, "--identify", "--json")[1])["blinks_s"] == 5


def test_a_board_that_cannot_blink(ports: Ports) -> None:
    status, out, err = ports(ScriptedBoard(AckResult.REFUSED, 0), "--identify")
    assert (status, out, err.count("\n"), "cannot blink" in err) == (2, "", 1, True)


def test_self_test_passed(ports: Ports) -> None:
    status, out, _ = ports(ScriptedBoard(AckResult.DONE, 0), "--self-test")
    assert status == 0
    assert out.endswith("passed its self-test\n")
    told = json.loads(ports(ScriptedBoard(AckResult.DONE, 0), "--self-test", "--json")[1])
    assert (told["passed"], told["wrong"]) == (True, [])


def test_self_test_failed(ports: Ports) -> None:
    board = ScriptedBoard(AckResult.FAILED, SelfTest.PART | SelfTest.SAMPLES)
    status, out, err = ports(board, "--self-test")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "failed its self-test: the part is no MAX30102; it gives no samples; check its wiring" in err
    status, out, _ = ports(board, "--self-test", "--json")
    assert (status, json.loads(out)["passed"]) == (2, False)


def test_every_finding_of_a_self_test_has_words(ports: Ports) -> None:
    _, _, err = ports(ScriptedBoard(AckResult.FAILED, sum(SelfTest)), "--self-test")
    assert err.count(";") == len(SelfTest)
    assert "does not say why" in ports(ScriptedBoard(AckResult.FAILED, 0), "--self-test")[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--port", "/dev/ttyNONE"], "--port goes with"), (["--watch", "--identify"], "not allowed with"),
     (["--identify", "--port", "REPLAY"], "takes no commands"),
     (["--watch", "--port", "/dev/ttyNONE"], "no such port")],
)  # fmt: skip
def test_what_cannot_be_done(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], told: str) -> None:
    replay = tmp_path / "pulse.csv"
    replay.write_text("time,ppg\n" + "".join(f"{i / 125},{i % 100}\n" for i in range(1000)))
    assert main(["ports", *(f"replay://{replay}" if word == "REPLAY" else word for word in words)]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_watch_until_ctrl_c(words: list[str]) -> None:
    with PtyBoard(ScriptedBoard(AckResult.DONE, 0)) as served:
        command = [sys.executable, "-m", "device.cli", "ports", "--watch", "--port", served.path, *words]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            line = child.stdout.readline()  # Comes before the process ends: nothing is held back without a tty.
            child.send_signal(signal.SIGINT)
            _, errors = child.communicate(timeout=30)
    assert (child.returncode, errors) == (0, "")
    if not words:
        assert "IR 60000, RED 50000, finger; board with firmware 1.2.3, nominally 125 Hz, last error: brown out" in line
        return
    told: dict[str, Any] = json.loads(line)
    assert (told["event"], told["lost"], told["ir_counts"], told["finger"]) == ("link_status", 0, 60_000, True)


def test_watching_a_recording_ends_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports", "--watch", "--json", "--port", "sim://ada?speed=0&seconds=20"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in told if one["event"] != "link_status"] == ["source_ended"]
    assert (told[-1]["samples"], told[-1]["lost"], told[-1]["measured_rate_hz"]) == (2500, 0, 125.0)
