"""A recording sent by a sensor whose clock is off and whose readings come late, and what the front end makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.embedders import Embedder
from device.frontend import BoardFrontEnd, FrontEndSpec, Window
from firmware_bridge.board import LightBoard
from firmware_bridge.clocked_source import ClockedSource
from firmware_bridge.commands import Commands
from firmware_bridge.link import Link
from firmware_bridge.messages import SampleBlock
from firmware_bridge.recordings import Recording
from firmware_bridge.sources import RecordingSource
from firmware_bridge.tallies import Tally

Floats = NDArray[np.float64]
LOOKS_S = (2, 5, 10, 30, 60)
"""When the measured rate is looked at."""


@dataclass(frozen=True)
class Heard:
    """One stream through the front end."""

    windows: list[Window]
    sample_s: Floats
    """Where the front end puts each sample on its time axis: by the rate it had measured by then."""
    rates_hz: dict[int, float]
    """Measured rate after so many seconds of the recording."""


def frames(recording: Recording, clock_error: float, jitter_s: float, seed: int) -> Iterator[SampleBlock]:
    """Blocks of a board that sends frames, each with the clock read up to ``jitter_s`` late."""
    source = ClockedSource(RecordingSource(recording), clock_error)
    board = LightBoard(source, nominal_rate_hz=recording.rate_hz, jitter_s=jitter_s, seed=seed)
    link = Link(Tally(), Commands(1.0))
    for packet in board.boot():
        messages = link.feed(packet.data, round(packet.due_s * 1e6))
        yield from (message for message in messages if isinstance(message, SampleBlock))


def text(recording: Recording, clock_error: float, jitter_s: float, seed: int) -> Iterator[SampleBlock]:
    """Blocks of a sketch that prints each sample, each line arriving up to ``jitter_s`` late, none before another."""
    source = ClockedSource(RecordingSource(recording), clock_error)
    counts = source.read(round(len(recording.ppg) * (1.0 + clock_error)))
    late_s = np.random.default_rng(seed).uniform(0.0, jitter_s, len(counts))
    arrival_s = np.maximum.accumulate(np.arange(len(counts)) / source.rate_hz + late_s)
    link = Link(Tally(), Commands(1.0))
    # The first line may lack its beginning, so a sketch's reader leaves it out: here it is none of the samples.
    link.feed(b"IR:0,RED:0\n", 0)
    for (ir, red), arrived_s in zip(counts.tolist(), arrival_s.tolist(), strict=True):
        messages = link.feed(b"IR:%d,RED:%d\n" % (ir, red), round(arrived_s * 1e6))
        yield from (message for message in messages if isinstance(message, SampleBlock))


def hear(blocks: Iterator[SampleBlock], rate_hz: float, spec: FrontEndSpec) -> Heard:
    """Feed blocks of a sensor whose true rate is ``rate_hz``, and time its samples by a plain loop."""
    front_end = BoardFrontEnd(spec)
    windows: list[Window] = []
    sample_s: list[float] = []
    rates_hz: dict[int, float] = {}
    held, newest_s = 0, 0.0
    for block in blocks:
        windows += front_end.feed(block)
        held += len(block.ir_counts)
        measured_hz = front_end.rate_hz
        if measured_hz is None:
            continue
        for _ in range(held):
            sample_s.append(newest_s)
            newest_s += 1.0 / measured_hz
        held = 0
        for look_s in LOOKS_S:
            if block.clock_index >= look_s * rate_hz and look_s not in rates_hz:
                rates_hz[look_s] = measured_hz
    return Heard(windows, np.array(sample_s), rates_hz)


def cosines(
    disturbed: Heard, undisturbed: Heard, rates_hz: tuple[float, float], spec: FrontEndSpec, embedder: Embedder
) -> Floats:
    """Of each good window's embedding with that of the same stretch of the undisturbed stream.

    A disturbed window begins where the front end's own time axis puts one of its samples, or between two; the number
    of that sample and the sensor's true rate say when in the recording this was. The undisturbed stream is cut at
    every sample, and its window that begins then lies between two of those, 8 ms apart: it is interpolated.

    Args:
        disturbed: any windows.
        undisturbed: the same recording's, of a hop of one sample.
        rates_hz: true rates of the two sensors.
        spec: the front end.
        embedder: of the model under test.
    """
    every = {window.start: window for window in undisturbed.windows}
    numbers = np.arange(len(disturbed.sample_s))
    found = []
    for window in disturbed.windows:
        number = np.interp(window.start / spec.rate_hz, disturbed.sample_s, numbers)
        start, share = divmod(float(number) / rates_hz[0] * rates_hz[1], 1.0)
        before, after = every.get(int(start)), every.get(int(start) + 1)
        if before and after and window.quality.good and before.quality.good:
            same = ((1.0 - share) * before.pulse + share * after.pulse).astype(np.float32)
            found.append(float(embedder.embed(window.pulse) @ embedder.embed(same)))
    return np.array(found)
