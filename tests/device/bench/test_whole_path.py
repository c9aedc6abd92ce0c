"""The device's chain under a clock that only embedding and the end of a pass advance."""

from typing import Any

import numpy as np
import pytest

from device.bench.whole_path import REPEATS, SIGNAL_S, measure_whole_path
from device.bundle import Bundle
from device.errors import SignalError

EMBED_NS, FRONT_END_NS = 300_000, 2_000


class Clocked:
    """An embedder that takes a fixed time by its own clock; every reading costs a little, as the rest does."""

    embedding_size = 24
    runtime = "clocked"

    def __init__(self, embedder: Any) -> None:
        self.embedder = embedder
        self.now = 0
        self.calls = 0

    def clock(self) -> int:
        self.now += FRONT_END_NS
        return self.now

    def embed(self, pulse: Any) -> Any:
        self.calls += 1
        self.now += EMBED_NS
        return self.embedder.embed(pulse)


def test_time_is_shared_out(bundle: Bundle, embedder: Any) -> None:
    clocked = Clocked(embedder)
    path = measure_whole_path(bundle, clocked, "int8", clocked.clock)
    assert (path.model, path.runtime, path.precision, path.signal_s) == ("fake-1", "clocked", "int8", SIGNAL_S)
    assert path.windows == 24
    assert path.decisions == path.good_windows // 5 >= 4
    network_ns = path.good_windows * (EMBED_NS + FRONT_END_NS)
    total_ns = network_ns + path.good_windows * FRONT_END_NS + FRONT_END_NS
    assert path.cpu_us_per_signal_s == pytest.approx(total_ns / 1e3 / SIGNAL_S)
    assert path.core_share_percent == pytest.approx(total_ns / (SIGNAL_S * 1e9) * 100)
    assert path.network_fraction == pytest.approx(network_ns / total_ns)
    assert clocked.calls > REPEATS * path.good_windows  # and the enrolment's, which are not timed


def test_a_model_that_cannot_enrol_says_so(bundle: Bundle) -> None:
    class Nothing(Clocked):
        def embed(self, pulse: Any) -> Any:
            return np.zeros(24, dtype=np.float32)

    nothing = Nothing(None)
    with pytest.raises(SignalError):
        measure_whole_path(bundle, nothing, "int8", nothing.clock)
