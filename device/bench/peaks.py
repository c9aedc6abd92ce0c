"""The machine's limit: the most multiply-accumulates a second that its runtimes reach on a network made to be fast.

That network is five pointwise convolutions over a whole window: dense, wide, without strides and small enough for the
caches. `export/limit_models.py` builds it from the numbers here and writes the files in `limits/`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from device.bench.subjects import FORMAT_OF, Subject
from device.embedders import PRECISIONS
from device.errors import BundleError, BundleReason
from device.manifest import Architecture

WINDOW_SAMPLES = 300
CHANNELS = 128
WIDE_LAYERS = 4
LIMIT_MACS = WINDOW_SAMPLES * (CHANNELS + WIDE_LAYERS * CHANNELS * CHANNELS)
LIMIT_PARAMETERS = 2 * CHANNELS + WIDE_LAYERS * (CHANNELS * CHANNELS + CHANNELS)
LIMIT_MODEL = "limit"
LIMIT = Architecture("pointwise", 1.0, CHANNELS, LIMIT_PARAMETERS, LIMIT_MACS)
FOLDER = Path(__file__).with_name("limits")


@dataclass(frozen=True, slots=True)
class Peak:
    """The fastest runtime of one precision and thread count."""

    precision: str
    threads: int
    runtime: str
    median_us: float
    """Of one window of the limit network."""
    macs_per_s: float

    def to_json(self) -> dict[str, Any]:
        """As it stands in the report."""
        return asdict(self)


def limit_subjects(runtimes: Iterable[str]) -> Iterator[Subject]:
    """The limit network in both precisions, for those of these runtimes that read files.

    Raises:
        BundleError: MISSING_FILE, the installation lacks one.
    """
    for runtime in runtimes:
        if runtime in FORMAT_OF:
            for precision in PRECISIONS:
                path = FOLDER / f"limit.{precision}.{FORMAT_OF[runtime]}"
                yield Subject(LIMIT_MODEL, runtime, FORMAT_OF[runtime], precision, LIMIT, WINDOW_SAMPLES, _read(path))


def best(peaks: Iterable[Peak]) -> list[Peak]:
    """Of each precision and thread count the fastest, in the order they first came."""
    fastest: dict[tuple[str, int], Peak] = {}
    for peak in peaks:
        key = (peak.precision, peak.threads)
        if key not in fastest or peak.macs_per_s > fastest[key].macs_per_s:
            fastest[key] = peak
    return list(fastest.values())


def ratio_to_limit(median_us: float, macs: int, peak: Peak | None) -> float | None:
    """How many times longer a window takes than its MACs would at the machine's peak; None without a peak."""
    return None if peak is None else median_us * 1e-6 * peak.macs_per_s / macs


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(
            BundleReason.MISSING_FILE, f"this installation lacks {path} ({error.strerror}): install pulsekey again"
        ) from None
