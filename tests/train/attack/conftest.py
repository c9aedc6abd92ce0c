"""Simulated wearers as people with recordings, a pulse that comes of an ECG, and the device that ships."""

import numpy as np
import pytest
from numpy.typing import NDArray

from device.bundle import load_bundle
from device.embedders import load_embedder
from firmware_bridge.recordings import Recording
from firmware_bridge.wearers import WearerSource, load_wearer
from train.attack.attempt import Device
from train.attack.people import Person
from train.cohorts import Identity
from train.synchronous import SynchronousRecording

RATE_HZ = 125.0
SECONDS = 182.0
"""Enrolment, a minute's pause, and one presentation."""


def wearer_recording(name: str, seconds: float = SECONDS, seed: int = 3) -> Recording:
    counts = WearerSource(load_wearer(name), seed, seconds).read(round(seconds * RATE_HZ))
    return Recording(-counts[:, 0].astype(np.float64), RATE_HZ, name, name, name)


def beating(seconds: float, rate_bpm: float, seed: int, delay_s: float = 0.3) -> tuple[NDArray[np.float64], ...]:
    """An ECG of spikes and a pulse of humps that follows each."""
    rng = np.random.default_rng(seed)
    beats = np.cumsum(60.0 / rate_bpm * (1.0 + 0.05 * rng.standard_normal(round(seconds * rate_bpm / 60.0) + 9)))
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    ecg = np.exp(-0.5 * ((t[:, None] - beats) / 0.015) ** 2).sum(axis=1)
    ppg = np.exp(-0.5 * ((t[:, None] - beats - delay_s) / 0.09) ** 2).sum(axis=1)
    return ecg + 0.01 * rng.standard_normal(t.size), ppg + 0.01 * rng.standard_normal(t.size)


@pytest.fixture(scope="session")
def teachers() -> list[SynchronousRecording]:
    """Three training people with both signals, of half a minute."""
    made = []
    for i in range(3):
        ecg, ppg = beating(30.0, 60.0 + 10.0 * i, i)
        made.append(SynchronousRecording(Identity(Recording(ppg, RATE_HZ, f"t{i}", f"t{i}", f"t{i}")), ecg))
    return made


@pytest.fixture(scope="session")
def wearers() -> list[Person]:
    return [Person(wearer_recording(name)) for name in ("ada", "alan", "grace")]


@pytest.fixture(scope="session")
def shipped() -> Device:
    bundle = load_bundle(None)
    return Device.of(bundle, load_embedder(bundle), 0.01)
