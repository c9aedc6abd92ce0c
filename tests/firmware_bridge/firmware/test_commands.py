"""What the board does on a command, and that nothing else is one."""

import pytest

from firmware_bridge.framing import encode_frame
from firmware_bridge.protocol import AckFrame, AckResult, CommandCode, CommandFrame, EventCode, SelfTest
from tests.firmware_bridge.firmware.conftest import BoardRun
from tests.firmware_bridge.firmware.sent import Sent


def command(code: CommandCode, argument: int = 0, sequence: int = 7) -> str:
    return f"bytes@1.5={encode_frame(CommandFrame(sequence, code, argument)).hex()}"


def answer(sent: Sent) -> AckFrame:
    (ack,) = sent.acks
    return ack


def test_led_currents_on_command(board: BoardRun) -> None:
    sent = board(5, command(CommandCode.LED_CURRENT, 5_000 << 16 | 4_190), "ir@3=100")
    ack = answer(sent)
    assert (ack.command_sequence, ack.code, ack.result, ack.value) == (
        7, CommandCode.LED_CURRENT, AckResult.DONE, 5_000 << 16 | 4_000,
    )  # fmt: skip
    assert sent.event_codes() == [EventCode.LED_CURRENT]
    assert (sent.infos[-1].info.ir_current_ua, sent.infos[-1].info.red_current_ua) == (5_000, 4_000)
    assert sent.data[-1].red_counts[0] < 36 * 3000


@pytest.mark.parametrize(
    ("code", "argument"),
    [(CommandCode.LED_CURRENT, 51_200 << 16), (CommandCode.LED_CURRENT, 51_200), (CommandCode.IDENTIFY, 0),
     (CommandCode.IDENTIFY, 61)],
)  # fmt: skip
def test_what_cannot_be_is_refused(board: BoardRun, code: CommandCode, argument: int) -> None:
    assert answer(board(2, command(code, argument))).result is AckResult.REFUSED


def test_stop_and_start(board: BoardRun) -> None:
    start = encode_frame(CommandFrame(8, CommandCode.START, 0)).hex()
    sent = board(5, command(CommandCode.STOP), f"bytes@3={start}")
    assert [(ack.code, ack.result, ack.value) for ack in sent.acks] == [
        (CommandCode.STOP, AckResult.DONE, 0),
        (CommandCode.START, AckResult.DONE, 1),
    ]
    assert not [frame for frame in sent.data if 1_600_000 < frame.t_us < 3_000_000]
    assert len(sent.infos) == 5
    assert sent.event_codes() == []
    assert sent.missing(1) == []
    sent.assert_exact(1)


def test_identify_blinks(board: BoardRun) -> None:
    sent = board(5, command(CommandCode.IDENTIFY, 2))
    assert answer(sent).value == 2
    assert [on for on, _ in sent.lights] == [True, False] * 4
    assert sent.lights[-1][1] - sent.lights[0][1] == pytest.approx(1.75, abs=0.02)


def test_self_test(board: BoardRun) -> None:
    ask = command(CommandCode.SELF_TEST)
    assert (answer(board(2, ask)).result, answer(board(2, ask)).value) == (AckResult.DONE, 0)
    for fault, wrong in (
        ("part@0=17", SelfTest.PART | SelfTest.CONFIGURATION | SelfTest.SAMPLES),
        ("rate@0=3", SelfTest.CONFIGURATION),
        ("dark@1=3", SelfTest.PART | SelfTest.CONFIGURATION | SelfTest.SAMPLES),
    ):
        ack = answer(board(2, fault, ask))
        assert (ack.result, SelfTest(ack.value)) == (AckResult.FAILED, wrong)


def test_a_nonce_is_kept_until_the_next_boot(board: BoardRun) -> None:
    asked = [
        f"bytes@{at}={encode_frame(CommandFrame(i, CommandCode.NONCE, value)).hex()}"
        for i, (at, value) in enumerate([(1, 0), (1.1, 0xDEADBEEF), (1.2, 0)])
    ]
    assert [ack.value for ack in board(2, *asked).acks] == [0, 0xDEADBEEF, 0xDEADBEEF]


def test_noise_on_the_way_to_the_board_is_no_command(board: BoardRun) -> None:
    good = encode_frame(CommandFrame(7, CommandCode.STOP, 0))
    bad = bytes([good[0], good[1] ^ 4]) + good[2:]
    other_version = encode_frame(CommandFrame(7, CommandCode.STOP, 0)).hex()
    sent = board(2, f"bytes@1={bad.hex()}", f"bytes@1.2={'55' * 300}00{other_version}")
    assert [ack.command_sequence for ack in sent.acks] == [7]
    assert sent.data[-1].t_us > 1_150_000
