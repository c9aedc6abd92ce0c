"""A stretch that comes again is found wherever it begins; noise, constants and full scale are not."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.presentation import repeats
from device.presentation.findings import PresentationReason, State
from device.presentation.repeats import STRETCH, Repeats
from tests.device.presentation.played import blocks_of


def noise(count: int, seed: int = 0) -> NDArray[np.float64]:
    return np.rint(120_000 + 50 * np.random.default_rng(seed).standard_normal(count))


def fed(check: Repeats, ir: NDArray[np.float64], first: int = 0, epoch: int = 0) -> Repeats:
    for block in blocks_of(np.stack([ir, ir], axis=1), first=first, epoch=epoch):
        check.take(block)
    return check


def repeated_by_loop(ir: NDArray[np.float64]) -> bool:
    """Whether any stretch is equal to one of those that were remembered, which begin at multiples of STRETCH."""
    known: list[tuple[float, ...]] = []
    found = False
    for end in range(STRETCH, len(ir) + 1):
        stretch = tuple(ir[end - STRETCH : end])
        found |= stretch in known
        if end % STRETCH == 0 and stretch not in known:
            known.append(stretch)
    return found


def test_noise_never_repeats() -> None:
    assert fed(Repeats(Random(0)), noise(10_000)).finding.state is State.PASSED


@pytest.mark.parametrize("period", [250, 333, 1250])
def test_a_loop_is_found_once_it_has_come_round_and_a_stretch_more(period: int) -> None:
    loop = np.tile(noise(period), 6)
    seen = fed(Repeats(Random(0)), loop[: (period + 2 * STRETCH) // 5 * 5 + 5]).finding
    assert (seen.state, seen.reason) == (State.ATTACK, PresentationReason.REPEATED)
    assert fed(Repeats(Random(0)), loop[: period // 5 * 5]).finding.state is State.PASSED


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 700), st.integers(0, 300), st.integers(100, 400), st.integers(0, 2**32 - 1))
def test_what_is_found_is_what_a_loop_finds(start: int, between: int, length: int, seed: int) -> None:
    before = noise(1000, seed)
    ir = np.concatenate([before, noise(between, seed + 1), before[start : start + length]])
    ir = ir[: len(ir) // 5 * 5]
    found = fed(Repeats(Random(seed)), ir).finding.state is State.ATTACK
    assert found is repeated_by_loop(ir)


def test_one_count_that_differs_is_another_stretch() -> None:
    again = noise(250)
    again[100] += 1
    assert fed(Repeats(Random(0)), np.concatenate([noise(250)[:125], again[:125]])).finding.state is State.PASSED
    assert fed(Repeats(Random(0)), np.concatenate([noise(250)[:125], noise(250)[:125]])).finding.state is State.ATTACK


@pytest.mark.parametrize("ir", [np.full(2000, 120_000.0), np.tile([262_143.0, 262_140.0], 1000)])
def test_constants_and_full_scale_are_no_repeat(ir: NDArray[np.float64]) -> None:
    assert fed(Repeats(Random(0)), ir).finding.state is State.PASSED


def test_a_recording_that_begins_again_in_a_new_epoch_is_found() -> None:
    check = fed(Repeats(Random(0)), noise(1000))
    assert fed(check, noise(1000)[:125], epoch=1).finding.state is State.ATTACK


def test_a_stretch_across_a_gap_is_none() -> None:
    ir = noise(250)
    check = fed(Repeats(Random(0)), ir)
    fed(check, ir[:60], first=300)
    assert fed(check, ir[60:125], first=400).finding.state is State.PASSED
    fed(check, ir[:60], first=500)
    assert fed(check, ir[60:125], first=560).finding.state is State.ATTACK


def test_a_new_attempt_remembers_what_was_there() -> None:
    check = fed(Repeats(Random(0)), np.tile(noise(250), 3))
    check.reset()
    assert check.finding.state is State.PASSED
    assert fed(check, noise(250), first=750).finding.state is State.ATTACK


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST_STRETCHES", 4)
    check = fed(Repeats(Random(0)), noise(8 * STRETCH))
    assert fed(check, noise(STRETCH), first=8 * STRETCH).finding.text == "none in 4 stretches of 125 samples"
