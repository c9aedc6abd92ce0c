"""A sensor whose clock is 4 % off, read up to 20 ms late: its rate is found, and its wearer looks the same."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.bundle import Bundle, load_bundle
from device.embedders import Embedder, load_embedder
from firmware_bridge import Recording, read_wfdb
from tests.fuzzing.clocks import Heard, cosines, frames, hear, text

SECONDS, JITTER_S = 25.0, 0.02


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle()


@pytest.fixture(scope="module")
def embedder(bundle: Bundle) -> Embedder:
    return load_embedder(bundle)


@pytest.fixture(scope="module")
def recording(data_folder: Path) -> Recording:
    return read_wfdb(data_folder / "bidmc" / "bidmc05.hea").cut(10.0, SECONDS)


@pytest.fixture(scope="module")
def undisturbed(recording: Recording, bundle: Bundle) -> Heard:
    return hear(frames(recording, 0.0, 0.0, 0), recording.rate_hz, replace(bundle.front_end, hop_samples=1))


@pytest.mark.parametrize(("way", "clock_error"), [(frames, -0.04), (frames, 0.04), (text, 0.04)])
def test_the_rate_is_found_and_the_embeddings_stay(
    way: Callable[..., object],
    clock_error: float,
    recording: Recording,
    undisturbed: Heard,
    bundle: Bundle,
    embedder: Embedder,
) -> None:
    rate_hz = recording.rate_hz * (1.0 + clock_error)
    heard = hear(way(recording, clock_error, JITTER_S, 1), rate_hz, bundle.front_end)  # type: ignore[arg-type]
    assert heard.rates_hz[10] == pytest.approx(rate_hz, rel=5e-4)
    same = cosines(heard, undisturbed, (rate_hz, recording.rate_hz), bundle.front_end, embedder)
    assert len(same) >= 7
    assert same.min() >= 0.99
    # Taken at the rate the board promises, the same windows lie elsewhere and are others.
    elsewhere = cosines(heard, undisturbed, (recording.rate_hz, recording.rate_hz), bundle.front_end, embedder)
    assert elsewhere.min() < 0.99
