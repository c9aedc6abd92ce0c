"""Swapped channels are found on every simulated wearer, and on nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.channel_order import MAX_HELD, ChannelOrderJudge, ratio_of_ratios
from firmware_bridge.messages import SampleBlock
from firmware_bridge.protocol import DataFlags
from firmware_bridge.sources import to_counts
from firmware_bridge.wearers import WearerSource, load_wearer, wearer_names

RATE_HZ = 125.0
N = 125 * 60
Counts = NDArray[np.int32]


def worn_by(name: str, seed: int = 0) -> Counts:
    return WearerSource(load_wearer(name), seed).read(N)


def pulse() -> NDArray[np.float64]:
    return np.sin(2 * np.pi * 1.2 * np.arange(N) / RATE_HZ)


def blocks(counts: Counts, epoch: int = 0) -> Iterator[SampleBlock]:
    for at in range(0, len(counts) - 4, 5):
        part = counts[at : at + 5]
        yield SampleBlock(at, epoch, at + 4, at * 8000, part[:, 0], part[:, 1], DataFlags.NONE)


def swapped_after_s(counts: Counts, rate_hz: float | None = RATE_HZ) -> float | None:
    judge = ChannelOrderJudge()
    for block in blocks(counts):
        if judge.swapped(block, rate_hz):
            return (block.index + 5) / RATE_HZ
    return None


@pytest.mark.parametrize("name", wearer_names())
@pytest.mark.parametrize("seed", [1, 2])
def test_every_wearer_is_right_as_they_are_and_swapped_when_swapped(name: str, seed: int) -> None:
    counts = worn_by(name, seed)
    assert swapped_after_s(counts) is None
    after_s = swapped_after_s(counts[:, ::-1])
    assert after_s is not None
    assert 18 <= after_s <= 24


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0, 400.0])
def test_the_ratio_is_the_same_at_any_rate(rate_hz: float) -> None:
    seconds = np.arange(round(2 * rate_hz)) / rate_hz
    wave = np.sin(2 * np.pi * 1.2 * seconds)
    counts = np.rint([100_000 + 1000 * wave, 80_000 + 400 * wave]).astype(np.int32)
    assert ratio_of_ratios(counts, rate_hz) == pytest.approx(0.5, rel=0.01)


def of_levels(ir: Any, red: Any) -> Counts:
    return to_counts(np.stack([np.broadcast_to(ir, N), np.broadcast_to(red, N)], axis=1).astype(np.float64))


def noise(scale: float, seed: int) -> NDArray[np.float64]:
    return scale * np.random.default_rng(seed).standard_normal(N)


def walk(scale: float, seed: int) -> NDArray[np.float64]:
    """A movement: as strong as ``scale``, slower than a second, back again."""
    width = 125
    return scale * np.convolve(noise(1.0, seed), np.hanning(width), "same") / np.sqrt(width / 3)


NOT_A_SWAP: dict[str, Callable[[], Counts]] = {
    "noise": lambda: of_levels(120_000 + noise(50, 1), 100_000 + noise(90, 2)),
    "no finger, room light on both": lambda: of_levels(2_000 + 40 * pulse(), 1_000 + 40 * pulse()),
    "constant": lambda: of_levels(120_000, 100_000),
    "full scale": lambda: of_levels(2**18 - 1, 100_000 + 900 * pulse()),
    "red without a pulse": lambda: of_levels(120_000 + 1_500 * pulse(), 100_000 + noise(20, 3)),
    "ir without a pulse": lambda: of_levels(120_000 + noise(20, 3), 100_000 + 1_500 * pulse()),
    "motion that moves both alike": lambda: of_levels(
        120_000 * (1 + walk(0.01, 4)) + noise(15, 5), 100_000 * (1 + walk(0.01, 4)) + noise(15, 6)
    ),
    "motion that moves each otherwise": lambda: of_levels(120_000 * (1 + walk(0.01, 4)), 1e5 * (1 + walk(0.03, 7))),
    "strong motion": lambda: of_levels(120_000 * (1 + walk(0.1, 4)), 100_000 * (1 + walk(0.15, 4))),
    "a very ill person": lambda: of_levels(120_000 + 1_200 * pulse() + noise(15, 8), 1e5 * (1 + 0.01 * pulse())),
}


@pytest.mark.parametrize("what", NOT_A_SWAP)
def test_what_is_no_swap(what: str) -> None:
    counts = NOT_A_SWAP[what]()
    assert swapped_after_s(counts) is None


def test_motion_on_a_finger_is_no_swap() -> None:
    for name in wearer_names():
        counts = worn_by(name)
        moved = to_counts(counts * (1 + walk(0.01, 9))[:, np.newaxis])
        assert swapped_after_s(moved) is None


def test_pieces_do_not_reach_over_a_gap_or_an_epoch() -> None:
    counts = worn_by(wearer_names()[0])[:, ::-1]
    judge = ChannelOrderJudge()
    # 1.6 s of each 2 s arrive: no piece is ever whole.
    assert not any(judge.swapped(block, RATE_HZ) for block in blocks(counts) if block.index % 250 < 200)
    judge = ChannelOrderJudge()
    for epoch in range(3):
        assert not any(judge.swapped(block, RATE_HZ) for block in blocks(counts[: 125 * 16], epoch))


def test_nothing_is_judged_before_the_rate_is_known_or_at_one_too_low() -> None:
    counts = worn_by(wearer_names()[0])[:, ::-1]
    assert swapped_after_s(counts, None) is None
    assert swapped_after_s(counts, 15.0) is None


def test_a_clock_that_stands_still_fills_no_memory() -> None:
    judge = ChannelOrderJudge()
    counts = np.full(5, 120_000, np.int32)
    for i in range(2000):
        assert not judge.swapped(SampleBlock(5 * i, 0, 5 * i + 4, 0, counts, counts, DataFlags.NONE), None)
        assert sum(part.shape[1] for part in judge._held) <= MAX_HELD
