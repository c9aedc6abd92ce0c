"""What a bench found, and its JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from device.bench.machine import Condition, Machine
from device.bench.peaks import LIMIT_MACS, Peak
from device.bench.whole_path import WholePath
from device.manifest import Manifest

KIND = "pulsekey bench"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One model, in one format and precision, on one runtime and so many threads."""

    model: str
    format: str
    precision: str
    runtime: str
    threads: int
    median_us: float
    p95_us: float
    p99_us: float
    windows_per_s: float
    load_ms: float
    first_ms: float
    file_bytes: int | None
    """None where there is no file."""
    peak_rss_mib: float
    macs: int
    parameters: int
    ratio_to_limit: float | None
    """None where the machine's peak of this precision and thread count was not measured."""
    operators: Mapping[str, int] | None
    """How many of each; None where the manifest does not say."""


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """A model's equal error rate over 12 s on the first cohort of its manifest; None where that has none."""

    eer_12s: float | None
    cohort: str | None

    @classmethod
    def of(cls, manifest: Manifest) -> "ErrorRate":
        """From what `pulsekey evaluate` wrote into the manifest."""
        if not manifest.error_rates:
            return cls(None, None)
        first = manifest.error_rates[0]
        return cls(first.get("decisions", {}).get("12", {}).get("eer"), first.get("cohort"))


@dataclass(frozen=True, slots=True)
class Report:
    """Everything."""

    machine: Machine
    before: Condition
    after: Condition
    warnings: tuple[str, ...]
    runtimes: Mapping[str, str]
    """Name to package and version."""
    left_out: tuple[str, ...]
    """What was not measured, and why."""
    rounds: int
    calls: int
    peaks: tuple[Peak, ...]
    rows: tuple[Row, ...]
    whole_path: WholePath | None
    error_rates: Mapping[str, ErrorRate]
    """By model."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "kind": KIND,
            "format_version": FORMAT_VERSION,
            "machine": {
                **self.machine.to_json(),
                "runtimes": dict(self.runtimes),
                "before": asdict(self.before),
                "after": asdict(self.after),
                "warnings": list(self.warnings),
            },
            "rounds": self.rounds,
            "calls_per_round": self.calls,
            "left_out": list(self.left_out),
            "limits": {"macs": LIMIT_MACS, "peaks": [peak.to_json() for peak in self.peaks]},
            "rows": [_row_json(row) for row in self.rows],
            "pipeline": None if self.whole_path is None else self.whole_path.to_json(),
            "error_rates": {model: asdict(rate) for model, rate in self.error_rates.items()},
        }


def _row_json(row: Row) -> dict[str, Any]:
    operators = None if row.operators is None else dict(row.operators)
    return {name: getattr(row, name) for name in Row.__dataclass_fields__} | {"operators": operators}
