"""The light board's bytes, and what recordings and wearers give it to measure."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.board import Epilogue, LightBoard
from firmware_bridge.errors import PortError, PortReason, RecordingError
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.protocol import (
    AckFrame,
    AckResult,
    CommandCode,
    CommandFrame,
    DataFlags,
    DataFrame,
    EventCode,
    EventFrame,
    Frame,
    InfoFrame,
    SelfTest,
)
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.sources import LOST, RecordingSource
from firmware_bridge.wearers import WearerSource, load_wearer, wearer_names
from tests.firmware_bridge.light_boards import Counting, Run, measured, run


def recording(ppg: NDArray[np.float64], rate_hz: float = 125.0) -> Recording:
    return Recording(ppg, rate_hz, "p", "s", "r")


def sine(n: int) -> NDArray[np.float64]:
    return np.sin(np.arange(n) / 16)


def frames_of(board: LightBoard, seconds: float = 1e9) -> list[Frame]:
    decoder = FrameDecoder()
    frames: list[Frame] = []
    for packet in board.boot():
        if packet.due_s > seconds:
            break
        frames += decoder.feed(packet.data)
    assert decoder.counts.dropped == 0
    return frames


def test_a_recording_is_sent_whole_at_its_own_rate_with_the_pulse_down() -> None:
    ppg = sine(1003)
    frames = frames_of(LightBoard(RecordingSource(recording(ppg, 50.0))))
    data = [frame for frame in frames if isinstance(frame, DataFrame)]
    ir = np.concatenate([frame.ir_counts for frame in data])
    assert len(ir) == 1003
    assert np.corrcoef(ir, ppg)[0, 1] == pytest.approx(-1.0, abs=1e-6)
    assert abs(np.median(ir) - 120_000) < 50
    assert np.diff(np.percentile(ir, (5, 95)))[0] == pytest.approx(3000, abs=2)
    assert [frame.index for frame in data] == list(range(0, 1003, 5))
    assert [frame.t_us for frame in data] == [round(min(i + 5, 1003) * 20_000) for i in range(0, 1003, 5)]
    assert all(frame.fifo_depth == len(frame.ir_counts) for frame in data)
    assert frames[-1] == EventFrame(DataFlags.NONE, len(frames) - 1, 20_060_000, 1003, 0, EventCode.END_OF_RECORDING, 0)
    assert [frame.sequence for frame in frames] == list(range(len(frames)))


def test_info_comes_at_boot_and_each_second_and_restarted_lasts_until_the_second() -> None:
    frames = frames_of(LightBoard(RecordingSource(recording(sine(1250), 125.0))))
    infos = [frame for frame in frames if isinstance(frame, InfoFrame)]
    assert isinstance(frames[0], InfoFrame)
    assert len(infos) == 11
    assert all(abs(frame.t_us - i * 1_000_000) <= 40_000 for i, frame in enumerate(infos))
    assert infos[0].info.nominal_rate_mhz == 125_000
    flagged = [DataFlags.RESTARTED in frame.flags for frame in frames]
    assert flagged == sorted(flagged, reverse=True)
    # INFO, 24 readings, and the finger that the first of them found.
    assert sum(flagged) == 1 + 24 + 1


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_missing_samples_take_their_index_and_are_not_sent(missing: list[bool]) -> None:
    ppg = np.where([*missing, False], np.nan, 1.0)
    frames = frames_of(LightBoard(RecordingSource(recording(ppg))))
    data = [frame for frame in frames if isinstance(frame, DataFrame)]
    sent = [frame.index + i for frame in data for i in range(len(frame.ir_counts))]
    assert sent == np.flatnonzero(~np.isnan(ppg)).tolist()
    # The newest sample at the reading of the clock, measured or not: five a reading, or the last.
    assert all(frame.index + frame.fifo_depth == min(frame.index // 5 * 5 + 5, len(ppg)) for frame in data)


def test_constant_and_empty_recordings() -> None:
    source = RecordingSource(recording(np.full(10, 7.0)))
    assert source.read(10).tolist() == [[120_000, 100_000]] * 10
    with pytest.raises(RecordingError, match="r has no sample that is not missing"):
        RecordingSource(recording(np.full(10, np.nan)))


def test_motion_does_not_set_the_scale_and_saturates() -> None:
    ppg = sine(5000)
    ppg[100] = -1000.0
    frames = frames_of(LightBoard(RecordingSource(recording(ppg))))
    data = [frame for frame in frames if isinstance(frame, DataFrame)]
    saturated = [frame for frame in data if DataFlags.SATURATED in frame.flags]
    assert [frame.index for frame in saturated] == [100]
    assert np.ptp([count for frame in data[40:] for count in frame.ir_counts]) > 2900


def test_a_loop_is_a_new_epoch_each_time() -> None:
    board = LightBoard(RecordingSource(recording(sine(12))), Epilogue.LOOP)
    data = [frame for frame in frames_of(board, 0.3) if isinstance(frame, DataFrame)]
    assert [(frame.epoch, frame.index) for frame in data][:7] == [
        (0, 0), (0, 5), (0, 10), (1, 0), (1, 5), (1, 10), (2, 0),
    ]  # fmt: skip
    times = [frame.t_us for frame in data]
    assert times == sorted(times)


def test_a_second_boot_goes_on_with_the_source(people: Path) -> None:
    board = LightBoard(WearerSource(load_wearer("ada"), seconds=4.0))
    first = [f for f in frames_of(board, 1.99) if isinstance(f, DataFrame)]
    second = frames_of(board)
    assert isinstance(second[0], InfoFrame)
    assert DataFlags.RESTARTED in second[0].flags
    rest = [f for f in second if isinstance(f, DataFrame)]
    assert (rest[0].index, rest[0].t_us, rest[0].epoch) == (0, 40_000, 0)
    whole = WearerSource(load_wearer("ada"), seconds=4.0).read(1000)[:, 0].tolist()
    one = [count for frame in first for count in frame.ir_counts]
    two = [count for frame in rest for count in frame.ir_counts]
    assert one == whole[: len(one)]
    # The packet that was made and never sent is what an unplugged board had in its buffer.
    assert two == whole[len(one) + 5 :]


def command(code: CommandCode, argument: int = 0, sequence: int = 7) -> bytes:
    return encode_frame(CommandFrame(sequence, code, argument))


def answer(sent: Run) -> AckFrame:
    (ack,) = sent.acks
    return ack


# What the commands of firmware/test_commands.py are answered with here too.


def test_led_currents_on_command() -> None:
    sent = run(LightBoard(Counting()), 5, [(1.5, command(CommandCode.LED_CURRENT, 5_000 << 16 | 4_190))])
    ack, (_, event) = answer(sent), sent.events
    assert (ack.command_sequence, ack.code, ack.result, ack.value) == (
        7, CommandCode.LED_CURRENT, AckResult.DONE, 5_000 << 16 | 4_000,
    )  # fmt: skip
    assert (event.code, event.detail) == (EventCode.LED_CURRENT, 25 << 8 | 20)
    assert sent.frames.index(event) == sent.frames.index(ack) - 1
    assert (sent.infos[-1].info.ir_current_ua, sent.infos[-1].info.red_current_ua) == (5_000, 4_000)
    for k, (ir, red) in sent.ages():
        plain_ir, plain_red = measured(k)
        changed = k >= event.index + 5
        assert (ir, red) == ((plain_ir * 25 // 36, plain_red * 20 // 36) if changed else (plain_ir, plain_red))


def test_the_board_chooses_no_current_of_its_own() -> None:
    sent = run(LightBoard(Counting()), 3, [(1.5, command(CommandCode.LED_CURRENT, 0))])
    assert (answer(sent).result, answer(sent).value) == (AckResult.DONE, 7_200 << 16 | 7_200)
    assert [event.code for event in sent.events] == [EventCode.FINGER_ON]


def test_brighter_light_ends_at_full_scale() -> None:
    sent = run(LightBoard(Counting()), 3, [(1.5, command(CommandCode.LED_CURRENT, 51_000 << 16 | 7_200))])
    assert set(sent.data[-1].ir_counts) == {0x3FFFC}
    assert DataFlags.SATURATED in sent.data[-1].flags


@pytest.mark.parametrize(
    ("code", "argument"),
    [(CommandCode.LED_CURRENT, 51_200 << 16), (CommandCode.LED_CURRENT, 51_200), (CommandCode.IDENTIFY, 0),
     (CommandCode.IDENTIFY, 61)],
)  # fmt: skip
def test_what_cannot_be_is_refused(code: CommandCode, argument: int) -> None:
    ack = answer(run(LightBoard(Counting()), 2, [(1.5, command(code, argument))]))
    assert (ack.result, ack.value) == (AckResult.REFUSED, 0)


def test_stop_and_start() -> None:
    commands = [(1.5, command(CommandCode.STOP)), (3.0, command(CommandCode.START, sequence=8))]
    sent = run(LightBoard(Counting()), 5, commands)
    assert [(ack.command_sequence, ack.code, ack.result, ack.value) for ack in sent.acks] == [
        (7, CommandCode.STOP, AckResult.DONE, 0),
        (8, CommandCode.START, AckResult.DONE, 1),
    ]
    assert not [frame for frame in sent.data if 1_600_000 < frame.t_us < 3_000_000]
    assert len(sent.infos) == 6
    assert sent.infos[2].info.nominal_rate_mhz == 0
    assert sent.sensor_events() == []
    assert sent.missing(1) == []
    sent.assert_exact()


def test_start_of_a_board_that_measures_changes_nothing() -> None:
    ack = answer(run(LightBoard(Counting()), 2, [(1.5, command(CommandCode.START))]))
    assert (ack.result, ack.value) == (AckResult.DONE, 0)


def test_identify_is_done() -> None:
    assert answer(run(LightBoard(Counting()), 2, [(1.5, command(CommandCode.IDENTIFY, 2))])).value == 2


def test_self_test() -> None:
    ask = (1.5, command(CommandCode.SELF_TEST))
    dark = [SensorFaultEvent(FaultKind.BROWN_OUT, 1.0, 3.0)]
    for faults, stop, result, wrong in (
        ([], [], AckResult.DONE, SelfTest.NONE),
        (dark, [], AckResult.FAILED, SelfTest.PART | SelfTest.CONFIGURATION | SelfTest.SAMPLES),
        ([], [(1.2, command(CommandCode.STOP))], AckResult.FAILED, SelfTest.CONFIGURATION | SelfTest.SAMPLES),
    ):
        ack = run(LightBoard(Counting(), faults=faults), 2, [*stop, ask]).acks[-1]
        assert (ack.result, SelfTest(ack.value)) == (result, wrong)


@pytest.mark.parametrize("code", [CommandCode.LED_CURRENT, CommandCode.START])
def test_a_sensor_that_is_lost_carries_nothing_out(code: CommandCode) -> None:
    board = LightBoard(Counting(), faults=[SensorFaultEvent(FaultKind.STUCK_BUS, 1.0, 3.0)])
    assert answer(run(board, 2, [(1.5, command(code, 1000 << 16))])).result is AckResult.FAILED


def test_a_nonce_is_kept_until_the_next_boot() -> None:
    asked = [
        (at, command(CommandCode.NONCE, value, i))
        for i, (at, value) in enumerate([(1, 0), (1.1, 0xDEADBEEF), (1.2, 0)])
    ]
    board = LightBoard(Counting())
    assert [ack.value for ack in run(board, 2, asked).acks] == [0, 0xDEADBEEF, 0xDEADBEEF]
    assert [ack.value for ack in run(board, 2, asked[:1]).acks] == [0]


def test_noise_on_the_way_to_the_board_is_no_command() -> None:
    good = command(CommandCode.STOP)
    bad = bytes([good[0], good[1] ^ 4]) + good[2:]
    sent = run(LightBoard(Counting()), 2, [(1, bad), (1.2, b"U" * 300 + b"\0" + good[:5]), (1.4, good[5:])])
    assert [ack.command_sequence for ack in sent.acks] == [7]
    assert sent.data[-1].t_us == pytest.approx(1_400_000, abs=40_000)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=20), st.integers(0, 3))
def test_a_wearer_is_the_same_in_any_portions(portions: list[int], seed: int) -> None:
    wearer = _plain_wearer()
    whole = WearerSource(wearer, seed).read(sum(portions))
    source = WearerSource(wearer, seed)
    np.testing.assert_array_equal(np.concatenate([source.read(n) for n in portions]), whole)
    source.rewind()
    np.testing.assert_array_equal(source.read(sum(portions)), whole)


def _plain_wearer(**changes: float):  # type: ignore[no-untyped-def]
    from firmware_bridge.wearers import Wearer

    beat = np.sin(np.linspace(0, np.pi, 128)).astype(np.float32)
    plain = {
        "heart_rate_bpm": 60.0,
        "rr_sd_ms": 20.0,
        "respiration_hz": 0.25,
        "rsa_ms": 30.0,
        "dc_ir_counts": 120e3,
        "dc_red_counts": 100e3,
        "ac_ir_counts": 3e3,
        "red_ac_ratio": 0.4,
        "noise_counts": 10.0,
        "wander_counts": 100.0,
    }
    return Wearer("x", beat, **(plain | changes))


def test_a_wearers_heart_beats_at_its_rate_and_varies() -> None:
    calm = {"noise_counts": 0.0, "wander_counts": 0.0}
    counts = WearerSource(_plain_wearer(**calm)).read(125 * 120)[:, 0]
    troughs = np.flatnonzero((np.diff(counts[:-1]) < 0) & (np.diff(counts[1:]) >= 0) & (counts[1:-1] < 118_000))
    periods = np.diff(troughs[np.diff(troughs, prepend=-100) > 30]) / 125
    assert periods.mean() == pytest.approx(1.0, abs=0.03)
    assert 0.012 < periods.std() < 0.04
    assert counts.max() <= 120_000
    assert counts.min() == pytest.approx(120_000 - 3000 * 1.08, abs=40)


def test_wearers_and_seeds_differ(people: Path) -> None:
    assert wearer_names() == ["ada", "alan", "grace", "linus", "mae", "tim"]
    pulses = [WearerSource(load_wearer(name), seed).read(500) for name in ("ada", "tim") for seed in (0, 1)]
    assert all((pulses[i] != pulses[j]).any() for i in range(4) for j in range(i))
    assert all((pulse != LOST).all() for pulse in pulses)


def test_an_unknown_wearer_is_told_the_names(people: Path) -> None:
    with pytest.raises(PortError, match="no simulated wearer 'eve'; there are ada, alan, grace") as caught:
        load_wearer("eve")
    assert caught.value.reason is PortReason.BAD_URL
