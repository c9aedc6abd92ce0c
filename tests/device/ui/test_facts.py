"""Facts in words: of a manifest, a link and the newest windows."""

from collections.abc import Callable
from pathlib import Path

from device.bundle import Bundle
from device.manifest import Manifest
from device.ui.facts import answer_facts, model_facts
from device.ui.live_samples import SeenWindow

RATES = {
    "cohort": "bidmc.npz",
    "people": 43,
    "attempts": {
        "fmr": 0.0069,
        "fmr_ci95": [0.0023, 0.0137],
        "fnmr": 0.0377,
        "fnmr_ci95": None,
        "median_accept_s": 8.4,
    },
}


def test_measured_rates_come_with_their_interval_and_people(
    bundle: Bundle, manifest_of: Callable[..., Manifest]
) -> None:
    manifest = manifest_of(bundle.path, error_rates=(RATES, {"cohort": "x", "people": 2, "attempts": None}))
    facts = dict(model_facts(manifest))
    assert facts["Model"] == "fake-1"
    assert facts["Measured on"] == "bidmc, 43 people"
    assert facts["Stranger accepted"] == "0.69 % (0.23 to 1.37)"
    assert facts["Own person refused"] == "3.77 %"
    assert facts["Time to accept"].startswith("8.4 s")


def test_a_model_without_rates_claims_none(bundle: Bundle) -> None:
    assert [name for name, _ in model_facts(bundle.manifest)] == ["Model", "Network"]


def test_answers_are_those_of_good_windows(tmp_path: Path) -> None:
    def seen(answer_ms: float, reason: str = "") -> SeenWindow:
        return SeenWindow(1, 0, 300, 0.9, reason, answer_ms)

    assert answer_facts([seen(900.0, "motion")]) == [("Answer", "no window yet")]
    facts = answer_facts([seen(9.0), seen(900.0, "motion"), seen(1.0), seen(2.0)])
    assert facts == [("Answer, last", "2.0 ms"), ("Median of 3", "2.0 ms"), ("Slowest", "9.0 ms")]
