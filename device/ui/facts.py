"""The model's and the link's facts as pairs of words: a name, and what is said of it."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from device.manifest import Manifest
from device.ui.feed import Snapshot
from device.ui.live_samples import SeenWindow

Fact = tuple[str, str]


def model_facts(manifest: Manifest) -> list[Fact]:
    """What runs, and the error rates its makers measured, with 95 % intervals over people."""
    network = manifest.architecture
    facts = [
        ("Model", manifest.model_id),
        ("Network", f"{network.name}, {network.parameters / 1e3:.0f} thousand weights, {network.macs / 1e6:.1f} M MAC"),
    ]
    for rates in manifest.error_rates:
        facts += _measured(rates)
    return facts


def _measured(rates: Mapping[str, Any]) -> list[Fact]:
    attempts = rates.get("attempts")
    cohort = str(rates.get("cohort", "")).removesuffix(".npz")
    if not isinstance(attempts, Mapping):
        return []
    facts = [("Measured on", f"{cohort}, {rates.get('people', 0)} people")]
    for key, name in (("fmr", "Stranger accepted"), ("fnmr", "Own person refused")):
        if attempts.get(key) is not None:
            facts.append((name, _rate(attempts[key], attempts.get(f"{key}_ci95"))))
    if attempts.get("median_accept_s") is not None:
        facts.append(("Time to accept", f"{attempts['median_accept_s']:.1f} s of good pulse, median"))
    return facts


def _rate(rate: float, interval: Sequence[float] | None) -> str:
    within = "" if interval is None else f" ({100 * interval[0]:.2f} to {100 * interval[1]:.2f})"
    return f"{100 * rate:.2f} %{within}"


def link_facts(snapshot: Snapshot) -> list[Fact]:
    """How the samples come."""
    link = snapshot.link
    rate = "not known yet" if link.measured_rate_hz is None else f"{link.measured_rate_hz:.1f} Hz"
    return [
        ("Board", snapshot.status.source),
        ("Rate", rate),
        ("Samples", f"{link.samples:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")),
        ("Lost", str(link.lost)),
        ("Corrupt", str(link.corrupt)),
        ("Forged", str(link.forged)),
        ("Restarts", str(link.restarts)),
    ]


def answer_facts(windows: Sequence[SeenWindow]) -> list[Fact]:
    """How long the newest windows' answers took, from the last sample of each."""
    times = [window.answer_ms for window in windows if not window.reason]
    if not times:
        return [("Answer", "no window yet")]
    return [
        ("Answer, last", f"{times[-1]:.1f} ms"),
        (f"Median of {len(times)}", f"{statistics.median(times):.1f} ms"),
        ("Slowest", f"{max(times):.1f} ms"),
    ]
