"""The light board's bytes, and what recordings and wearers give it to measure."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.board import Epilogue, LightBoard
from firmware_bridge.errors import PortError, PortReason, RecordingError
from firmware_bridge.framing import FrameDecoder
from firmware_bridge.protocol import DataFlags, DataFrame, EventCode, EventFrame, Frame, InfoFrame
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sources import LOST, RecordingSource
from firmware_bridge.wearers import WearerSource, load_wearer, wearer_names


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
    assert sum(flagged) == 1 + 24


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
