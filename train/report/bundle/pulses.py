"""Windows of a set, made once for all bundles of one front end, and each bundle's embeddings of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.embedders import Embedder
from device.evaluation.timelines import Timeline, timelines_of
from device.frontend import FrontEndSpec
from device.frontend.quality import FASTEST_PULSE_HZ, SLOWEST_PULSE_HZ
from train.report.bundle.sets import Recorded

Floats = NDArray[np.float64]

NEAR_BEST = 0.9
"""Two beats later a pulse is as like itself as one beat later: the first peak so near the best is the beat."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One time line, and what each of its windows is like.

    ``pulse``'s and ``traits``' windows stand where a time line has embeddings: standardised pulses (w,), and
    (signal quality index, beats a minute, 1), None for one that quality refused.
    """

    key: str
    """Its recording, or session, among its person's."""
    pulse: Timeline
    traits: Timeline


class _AsIs:
    """Stands for an embedder where the pulses themselves are wanted."""

    embedding_size = 0
    runtime = "none"

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        return pulse


def lines_of(recorded: Recorded, spec: FrontEndSpec) -> list[Line]:
    """Every time line of a set, in file order, through the device's front end."""
    pulses = list(timelines_of(recorded.recordings, _AsIs(), spec, windowed=recorded.windowed))
    keys = [one.session for one in pulses] if recorded.windowed else [one.record for one in recorded.recordings]
    return [Line(key, one, _traits(one, spec.rate_hz)) for key, one in zip(keys, pulses, strict=True)]


def embedded(line: Line, embedder: Embedder) -> Timeline:
    """A time line as ``device.evaluation`` makes it."""
    return replace(
        line.pulse, embeddings=[None if one is None else embedder.embed(one) for one in line.pulse.embeddings]
    )


def beats_of(pulses: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Heart rate (n,) in beats a minute and likeness a beat later (n,) of windows (n, w), good ones.

    The likeness is ``device.frontend.quality.periodicity``, of all windows at once; the rate is told by the rule of
    ``device.session.live``. Both are 0 where the correlation has no peak.
    """
    x = pulses - pulses.mean(axis=1, keepdims=True)
    n = x.shape[1]
    lags = np.arange(int(rate_hz / FASTEST_PULSE_HZ), min(int(rate_hz / SLOWEST_PULSE_HZ) + 1, n - 2) + 1)
    products = np.fft.irfft(np.abs(np.fft.rfft(x, 2 * n, axis=1)) ** 2, 2 * n, axis=1)[:, lags]
    sums = np.cumsum(np.pad(x, ((0, 0), (1, 0))), axis=1)
    squares = np.cumsum(np.pad(x * x, ((0, 0), (1, 0))), axis=1)
    overlap = n - lags
    head, tail = sums[:, overlap], sums[:, -1:] - sums[:, lags]
    head_power = squares[:, overlap] - head**2 / overlap
    tail_power = squares[:, -1:] - squares[:, lags] - tail**2 / overlap
    scale = np.sqrt(np.maximum(head_power * tail_power, 0.0))
    r = np.divide(products - head * tail / overlap, scale, out=np.zeros_like(scale), where=scale > 0.0)
    inner = r[:, 1:-1]
    peaks = np.where((inner >= r[:, :-2]) & (inner > r[:, 2:]), inner, 0.0)
    best = peaks.max(axis=1)
    first = np.argmax((peaks > 0.0) & (peaks >= NEAR_BEST * best[:, None]), axis=1)
    return np.where(best > 0.0, 60.0 * rate_hz / lags[first + 1], 0.0), best


def _traits(line: Timeline, rate_hz: float) -> Timeline:
    good = [one for one in line.embeddings if one is not None]
    traits: Sequence[NDArray[np.float32]] = ()
    if good:
        bpm, likeness = beats_of(np.stack(good).astype(np.float64), rate_hz)
        quality = np.clip(likeness, 0.0, 1.0)
        traits = list(np.stack([quality, bpm, np.ones_like(bpm)], axis=1).astype(np.float32))
    left = iter(traits)
    return replace(line, embeddings=[None if one is None else next(left) for one in line.embeddings])
