"""What recognition costs from samples to decision: the device's own chain on a simulated wearer, without waiting."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bench.rounds import Clock
from device.bundle import Bundle
from device.comparison import Comparator, comparator_of
from device.decision import boundaries_at
from device.embedders import Embedder
from device.enrolment import DEFAULT_SECONDS, Enrolment
from device.frontend import BoardFrontEnd
from device.gallery import References
from device.pipeline import Recogniser, enrol_from
from firmware_bridge import DataFlags, SampleBlock, wearer_names
from firmware_bridge.protocol import MAX_SAMPLES
from firmware_bridge.wearers import RATE_HZ, WearerSource, load_wearer

SIGNAL_S = 60.0
REPEATS = 5
_ENROL_S = DEFAULT_SECONDS + 4.0  # the filter settles first, and the last window must be whole
_ENROL_SEED, _PROBE_SEED = 1, 2  # another seed is another sitting of the same person


@dataclass(frozen=True, slots=True)
class WholePath:
    """Of the fastest of several passes over one signal."""

    model: str
    runtime: str
    precision: str
    signal_s: float
    windows: int
    good_windows: int
    decisions: int
    cpu_us_per_signal_s: float
    """CPU time of the process for one second of signal at 125 Hz."""
    core_share_percent: float
    """The same as a share of one core."""
    network_fraction: float
    """How much of it is the embedder: the network, the checks of a window and the unit length."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in the report."""
        return asdict(self)


class TimedEmbedder:
    """An embedder that keeps count of its time."""

    def __init__(self, embedder: Embedder, clock: Clock) -> None:
        self._embedder = embedder
        self._clock = clock
        self.embedding_size = embedder.embedding_size
        self.runtime = embedder.runtime
        self.spent_ns = 0

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """As the embedder does."""
        begun = self._clock()
        embedding = self._embedder.embed(pulse)
        self.spent_ns += self._clock() - begun
        return embedding


def measure_whole_path(bundle: Bundle, embedder: Embedder, precision: str, clock: Clock) -> WholePath:
    """Enrol a simulated wearer, then time how another sitting of theirs is recognised.

    Args:
        bundle: whose front end, cohort and decision are used.
        embedder: its model.
        precision: which of its models.
        clock: nanoseconds of CPU time.

    Raises:
        SignalError: the bundle's front end finds too few good windows in the simulated pulse.
        BundleError: the cohort cannot be read.
    """
    name = wearer_names()[0]
    references, comparator = _enrolled(name, bundle, embedder), comparator_of(bundle)
    blocks = list(_blocks(name, _PROBE_SEED, SIGNAL_S))
    passes = [
        _pass(blocks, bundle, references, comparator, TimedEmbedder(embedder, clock), clock) for _ in range(REPEATS)
    ]
    total_ns, network_ns, recogniser = min(passes, key=lambda one: one[0])
    recogniser.refuse_if_no_good_window()
    us_per_s = total_ns / 1e3 / SIGNAL_S
    return WholePath(
        model=bundle.manifest.model_id,
        runtime=embedder.runtime,
        precision=precision,
        signal_s=SIGNAL_S,
        windows=recogniser.tally.windows,
        good_windows=recogniser.tally.good_windows,
        decisions=recogniser.tally.decisions,
        cpu_us_per_signal_s=us_per_s,
        core_share_percent=us_per_s / 1e4,
        network_fraction=network_ns / total_ns,
    )


def _pass(
    blocks: list[SampleBlock],
    bundle: Bundle,
    references: References,
    comparator: Comparator,
    embedder: TimedEmbedder,
    clock: Clock,
) -> tuple[int, int, Recogniser]:
    """Nanoseconds of the whole, those of the embedder, and the recogniser afterwards."""
    recogniser = Recogniser(
        front_end=BoardFrontEnd(bundle.front_end),
        embedder=embedder,
        references=references,
        comparator=comparator,
        boundaries=boundaries_at(bundle.manifest.decision),
        clock=lambda: 0.0,
    )
    begun = clock()
    for _ in recogniser.events(blocks):
        pass
    return clock() - begun, embedder.spent_ns, recogniser


def _enrolled(name: str, bundle: Bundle, embedder: Embedder) -> References:
    enrolment = Enrolment(embedder, bundle.front_end)
    blocks = _blocks(name, _ENROL_SEED, _ENROL_S)
    front_end = BoardFrontEnd(bundle.front_end)
    for _ in enrol_from(blocks, front_end=front_end, enrolment=enrolment, clock=lambda: 0.0):
        pass
    return References((name,), enrolment.reference()[None, :])


def _blocks(name: str, seed: int, seconds: float) -> Iterator[SampleBlock]:
    """The blocks that a board on this wearer would send."""
    counts = WearerSource(load_wearer(name), seed).read(round(seconds * RATE_HZ))
    for at in range(0, len(counts), MAX_SAMPLES):
        part = counts[at : at + MAX_SAMPLES]
        newest = at + len(part) - 1
        t_us = round(newest * 1e6 / RATE_HZ)
        yield SampleBlock(at, 0, newest, t_us, part[:, 0], part[:, 1], DataFlags.NONE)
