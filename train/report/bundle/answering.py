"""How long an answer takes, in seconds of signal, good and bad."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from device.decision import Boundaries
from device.enrolment import seconds_of
from device.evaluation.attempts import Attempts, verify
from device.frontend import FrontEndSpec
from device.metrics import own_cells
from train.report.bundle.pulses import Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Answering:
    """Sorted times in seconds, of those attempts that were answered so."""

    accepted_s: Floats
    """Mated attempts that were accepted."""
    refused_s: Floats
    """Mated attempts that were rejected."""
    kept_out_s: Floats
    """Non-mated attempts that were rejected."""

    @property
    def mated(self) -> int:
        """How many mated attempts there were."""
        return self.accepted_s.size + self.refused_s.size

    def to_json(self) -> dict[str, Any]:
        """Quantiles, None where there was no such answer."""
        keys = [f"{quantile:g}" for quantile in QUANTILES]
        return {
            name: dict(zip(keys, quantiles(getattr(self, name)), strict=True))
            | {"count": int(getattr(self, name).size)}
            for name in self.__slots__
        }


def quantiles(times: Floats) -> list[float | None]:
    """The times at ``QUANTILES``, each one that was measured."""
    if not times.size:
        return [None] * len(QUANTILES)
    return [float(value) for value in np.quantile(times, QUANTILES, method="inverted_cdf")]


def answering(attempts: Attempts, boundaries: Boundaries, spec: FrontEndSpec) -> Answering:
    """When each attempt, as a claim to be each person, is answered."""
    accepted, windows = verify(attempts, boundaries)
    seen = np.take_along_axis(attempts.seen, windows - 1, axis=1)
    by_count = np.array([seconds_of(count, spec) for count in range(1, int(seen.max(initial=1)) + 1)])
    seconds = by_count[seen - 1]
    own = own_cells(accepted, attempts.own)
    return Answering(
        accepted_s=np.sort(seconds[own & accepted]),
        refused_s=np.sort(seconds[own & ~accepted]),
        kept_out_s=np.sort(seconds[~own & ~accepted]),
    )
