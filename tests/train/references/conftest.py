"""Synthetic pulses with known points, people made of them, and a small experiment to train on them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from train.config import Config, load_config
from train.frontend_design import design
from train.references.people import SHIPPED_CONFIG
from train.windows import PersonWindows, training_spec

RATE_HZ = 125.0


@pytest.fixture(scope="session")
def tiny() -> Config:
    config = load_config(SHIPPED_CONFIG)
    return replace(
        config,
        network=replace(config.network, embedding_size=16),
        optimiser=replace(config.optimiser, epochs=3, batch_size=16, windows_per_person=8, windows_per_view=8),
    )


def humps(number: int, samples: int, windows: int = 40, seed: int = 0) -> NDArray[np.float32]:
    """Windows (windows, samples) of one person: a systolic hump, a smaller one behind it, at a rate and delay of their
    own."""
    rng = np.random.default_rng([number, seed])
    period = 0.7 + 0.02 * number
    t = np.arange(samples) / RATE_HZ
    rows = []
    for start in rng.uniform(0.0, period, windows):
        at = np.arange(-2, 9) * period + start
        first = np.exp(-0.5 * ((t[:, None] - at) / 0.07) ** 2).sum(axis=1)
        second = np.exp(-0.5 * ((t[:, None] - at - 0.2 - 0.01 * number) / 0.08) ** 2).sum(axis=1)
        pulse = first + (0.2 + 0.03 * number) * second + 0.005 * rng.standard_normal(samples)
        rows.append((pulse - pulse.mean()) / pulse.std())
    return np.array(rows, dtype=np.float32)


def person(number: int, samples: int = 300, windows: int = 40) -> PersonWindows:
    return PersonWindows(f"p{number}", humps(number, samples, windows))


@pytest.fixture(scope="session")
def stretched(tiny: Config) -> list[PersonWindows]:
    long = training_spec(design(), tiny.data.hop_samples, tiny.augment.warp).window_samples
    return [person(number, long) for number in range(4)]


@pytest.fixture(scope="session")
def learners() -> list[PersonWindows]:
    return [person(number) for number in range(4)]


@pytest.fixture(scope="session")
def held_out() -> list[PersonWindows]:
    return [person(number) for number in range(9, 12)]
