import numpy as np
import pytest

from device.errors import SignalError, SignalReason
from device.frontend import BoardFrontEnd, Reason, Window
from firmware_bridge import SampleBlock
from firmware_bridge.protocol import DataFlags
from train.frontend_design import design

SPEC = design()


def blocks(signal: np.ndarray, rate_hz: float = 125.0, epoch: int = 0, jitter_us: int = 0) -> list[SampleBlock]:
    rng = np.random.default_rng(0)
    counts = np.rint(120_000 - signal).astype(np.int32)
    made = []
    for at in range(0, counts.size - 4, 5):
        t_us = int((at + 4) / rate_hz * 1e6) + int(rng.integers(0, jitter_us + 1))
        part = counts[at : at + 5]
        made.append(SampleBlock(at, epoch, at + 4, t_us, part, part, DataFlags(0)))
    return made


def pulse(seconds: float, rate_hz: float = 125.0) -> np.ndarray:
    phase = 2 * np.pi * 1.2 * np.arange(int(seconds * rate_hz)) / rate_hz
    return 1000.0 * (np.cos(phase) + 0.4 * np.cos(2 * phase - 1))


def run(made: list[SampleBlock]) -> tuple[list[Window], BoardFrontEnd]:
    front_end = BoardFrontEnd(SPEC)
    return [window for block in made for window in front_end.feed(block)], front_end


@pytest.mark.parametrize("error", [0.96, 0.985, 1.0, 1.013, 1.04])
def test_a_wrong_clock_is_measured_and_undone(error: float) -> None:
    rate_hz = 125.0 * error
    windows, front_end = run(blocks(pulse(40, rate_hz), rate_hz, jitter_us=20_000))
    assert front_end.rate_hz == pytest.approx(rate_hz, rel=5e-4)
    true, _ = run(blocks(pulse(40)))
    later = [(a, b) for a, b in zip(windows, true, strict=False) if a.start > 1000]
    assert later
    for a, b in later:
        assert a.quality.good
        shifts = [np.corrcoef(np.roll(a.pulse, k)[20:-20], b.pulse[20:-20])[0, 1] for k in range(-15, 16)]
        assert max(shifts) > 0.99


def test_nothing_of_the_first_two_seconds_is_lost() -> None:
    windows, _ = run(blocks(pulse(20)))
    assert windows[0].start == SPEC.settle_samples
    assert [window.start for window in windows] == [94 + 300 * n for n in range(len(windows))]


def test_the_pulse_points_up_again() -> None:
    windows, _ = run(blocks(pulse(10)))
    slope = np.diff(windows[1].pulse.astype(float))
    expected = np.diff(pulse(10))
    assert np.sign((slope**3).mean()) == np.sign((expected**3).mean())


def test_a_new_epoch_of_the_board_is_never_joined() -> None:
    windows, _ = run(blocks(pulse(10.2)) + blocks(pulse(10.2), epoch=1))
    assert {window.epoch for window in windows} == {0, 1}


def test_an_epoch_too_short_for_a_rate_is_forgotten_whole() -> None:
    windows, _ = run(blocks(pulse(1)) + blocks(pulse(10), epoch=1))
    assert {window.epoch for window in windows} == {0}
    assert windows[0].start == SPEC.settle_samples


def test_no_finger_is_told_by_its_level() -> None:
    windows, _ = run([*blocks(pulse(10) + 119_000)])
    assert windows
    assert {window.quality.reason for window in windows} == {Reason.NO_FINGER}


def test_an_impossible_rate_says_what_to_set() -> None:
    with pytest.raises(SignalError, match=r"sends 10\.0 samples a second; set its sketch") as caught:
        run(blocks(pulse(60, 10.0), 10.0))
    assert caught.value.reason is SignalReason.RATE


def test_an_epoch_begun_by_hand_knows_nothing_of_the_step_before_it() -> None:
    air = np.full(5 * 125, 119_000.0)  # a step of 119,000 counts as the finger is laid on
    made = blocks(np.concatenate((air, pulse(20))))
    front_end, windows = BoardFrontEnd(SPEC), []
    for block in made:
        if block.index == air.size:
            front_end.begin_epoch()
        windows += front_end.feed(block)
    of_finger = [window for window in windows if window.epoch == 1]
    assert of_finger[0].start == SPEC.settle_samples
    assert all(window.quality.good for window in of_finger)
    unbroken, _ = run(made)
    first = next(window.start for window in unbroken if window.start >= air.size and window.quality.good)
    assert first > air.size + of_finger[0].start
    assert front_end.rate_hz == pytest.approx(125.0, rel=1e-3), "the clock goes on"


@pytest.mark.parametrize("rate_hz", [50.0, 120.0, 125.0])
def test_another_board_after_an_outage_is_not_taken_at_the_rate_of_the_first(rate_hz: float) -> None:
    other = blocks(pulse(12, rate_hz), rate_hz, epoch=1)
    both, front_end = run(blocks(pulse(10), 125.0) + other)
    alone, _ = run(other)
    after = [window for window in both if window.epoch == 1]
    assert len(after) == len(alone) >= 2
    for one, expected in zip(after, alone, strict=True):
        assert one.start == expected.start
        np.testing.assert_array_equal(one.pulse, expected.pulse)
    assert front_end.rate_hz == pytest.approx(rate_hz, rel=1e-3)


@pytest.mark.parametrize("air_s", [0.2, 1.0, 1.96])
def test_an_epoch_begun_by_hand_before_the_rate_is_known_knows_nothing_of_the_step_either(air_s: float) -> None:
    air = np.full(round(air_s * 25) * 5, 119_000.0)
    front_end, windows = BoardFrontEnd(SPEC), []
    for block in blocks(np.concatenate((air, pulse(12)))):
        if block.index == air.size:
            front_end.begin_epoch()
        windows += front_end.feed(block)
    alone, _ = run(blocks(pulse(12)))
    assert len(windows) == len(alone) >= 2
    for one, expected in zip(windows, alone, strict=True):
        assert one.quality.good
        np.testing.assert_allclose(one.pulse, expected.pulse, atol=1e-4)


def test_a_clock_that_stands_still_is_told_and_nothing_piles_up() -> None:
    still = [
        SampleBlock(one.index, 0, one.clock_index, 5000, one.ir_counts, one.red_counts, one.flags)
        for one in blocks(pulse(60))
    ]
    with pytest.raises(SignalError, match="stands still") as caught:
        run(still[: 4 * 1100 // 5 + 2])
    assert caught.value.reason is SignalReason.RATE
    assert run(still[:440])[0] == []
