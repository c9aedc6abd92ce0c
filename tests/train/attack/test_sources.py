"""What is played, sample by sample, and what a board makes of it."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge import SampleBlock
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.protocol import CommandCode
from firmware_bridge.recordings import Recording
from firmware_bridge.sources import LOST, PulseSource, RecordingSource
from train.attack.presentation import Instrument, Presentation
from train.attack.sources import NOISE_COUNTS, LoopedSource, NoisySource, OneLight, as_measured

PPG = np.sin(np.arange(1000) / 15.0)


def recording(ppg: NDArray[np.float64] = PPG) -> Recording:
    return Recording(ppg, 125.0, "ann", "ann", "ann")


def with_a_gap() -> PulseSource:
    return NoisySource(RecordingSource(recording(np.where(np.arange(1000) // 100 == 3, np.nan, PPG))), seed=5)


@given(st.lists(st.integers(1, 200), max_size=12))
@settings(max_examples=30, deadline=None)
def test_noise_is_the_same_in_whatever_portions_it_is_read(portions: list[int]) -> None:
    whole, source = with_a_gap().read(1000), with_a_gap()
    parts = np.concatenate([source.read(one) for one in [*portions, 1000]])
    assert np.array_equal(parts, whole[: len(parts)])


def test_noise_is_of_both_channels_and_leaves_what_was_lost() -> None:
    clean, noisy = RecordingSource(recording()).read(1000), with_a_gap().read(1000)
    assert (noisy[300:400] == LOST).all()
    present = np.delete(np.arange(1000), np.arange(300, 400))
    noise = (noisy - clean)[present]
    assert noise.std(axis=0) == pytest.approx([NOISE_COUNTS, NOISE_COUNTS], rel=0.15)
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.15


def test_a_source_begins_again_with_the_same_noise() -> None:
    source = with_a_gap()
    first = source.read(500)
    source.rewind()
    assert np.array_equal(source.read(500), first)


def test_nothing_is_made_of_a_recording_without_a_sample() -> None:
    assert as_measured(recording(np.full(100, np.nan)), 0) is None


def test_a_lamp_shows_infrared_in_both_channels() -> None:
    inner = RecordingSource(recording())
    seen = OneLight(RecordingSource(recording())).read(1000)
    expected = inner.read(1000)
    for i in range(1000):
        assert seen[i, 0] == seen[i, 1] == expected[i, 0]


def test_a_loop_is_the_same_samples_over_and_over() -> None:
    noisy = as_measured(recording(), 1)
    assert noisy is not None
    looped = LoopedSource(noisy, seconds=2.0, length_s=7.0)
    noisy.rewind()
    part = noisy.read(250)
    played = np.concatenate([looped.read(99) for _ in range(9)])
    assert len(played) == 875
    for i in range(875):
        assert played[i].tolist() == part[i % 250].tolist()


def levels(presentation: Presentation, key: bytes | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean counts of both channels, shape (2,), before and after RED's current is doubled at 2 s."""
    reader = DirectReader(presentation.board(key), key=key)
    before, after = [], []
    asked = False
    for block in blocks(reader):
        if reader.now_s > 2.0 and not asked:
            reader.command(CommandCode.LED_CURRENT, 7200 << 16 | 14400)
            asked = True
        if reader.now_s < 2.0:
            before.append([block.ir_counts.mean(), block.red_counts.mean()])
        elif reader.now_s > 2.5:
            after.append([block.ir_counts.mean(), block.red_counts.mean()])
    return np.mean(before, axis=0), np.mean(after, axis=0)


def blocks(reader: DirectReader) -> Iterator[SampleBlock]:
    return (message for message in reader if isinstance(message, SampleBlock))


@pytest.mark.parametrize(
    ("instrument", "follows"),
    [
        (Instrument.FINGER, 2.0),
        (Instrument.LAMP, 1.0),
        (Instrument.FAKE_BOARD, 1.0),
        (Instrument.ADAPTIVE_BOARD, 2.0),
    ],
)
def test_which_instrument_follows_the_current(instrument: Instrument, follows: float) -> None:
    source = as_measured(recording(), 1)
    assert source is not None
    before, after = levels(Presentation(source, instrument))
    assert after / before == pytest.approx([1.0, follows], rel=0.02)
    assert (before[0] == pytest.approx(before[1], rel=1e-3)) == (instrument is Instrument.LAMP)


def test_a_presentation_can_be_played_again() -> None:
    source = as_measured(recording(), 1)
    assert source is not None
    presentation = Presentation(source, Instrument.LAMP)
    first, again = (
        np.concatenate([block.red_counts for block in blocks(DirectReader(presentation.board()))]) for _ in range(2)
    )
    assert first.size == 1000
    assert np.array_equal(first, again)
