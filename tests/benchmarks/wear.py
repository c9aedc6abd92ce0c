"""How a lock that stays open while worn behaves: closings on its own wearer, and time to notice another pulse.

python tests/benchmarks/wear.py --cohort bidmc.npz [--enrol-seconds 60] [--json OUT]

Every person's attempts in order are what verifies them while the sensor stays on. `k` refusals in a row close the
lock: the figures tell, for each k, how often it closes on its own wearer an hour, and on how many of the sensors that
pass to another person unnoticed (which taking off would show) it closes, and when.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bundle import load_bundle
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import load_embedder
from device.enrolment import seconds_of
from device.evaluation.attempts import attempt, verify
from device.evaluation.protocol import Selector, references_of
from device.evaluation.settings import Settings
from device.evaluation.timelines import Timeline, timelines_of
from device.session.lock import DOUBTS
from firmware_bridge.recordings import read_cohort

MOST_DOUBTS = 4
DRAWS = 2000


def closings(accepted: NDArray[np.bool_], doubts: int) -> list[int]:
    """After which attempts of a sequence the lock closes; it is opened again with the next attempt."""
    closed, refused = [], 0
    for at, one in enumerate(accepted):
        refused = 0 if one else refused + 1
        if refused == doubts:
            closed.append(at)
            refused = 0
    return closed


@dataclass(frozen=True, slots=True)
class Worn:
    """Attempts in order: what each decides against each plan's reference, `(attempts, plans)`, and after how long."""

    own: NDArray[np.intp]
    accepted: NDArray[np.bool_]
    seconds: NDArray[np.float64]

    @property
    def people(self) -> list[int]:
        return sorted(set(self.own.tolist()))


def worn(cohort_file: Path, enrol_seconds: float) -> Worn:
    bundle = load_bundle(None)
    spec, boundaries = bundle.front_end, boundaries_at(bundle.manifest.decision)
    cohort = read_cohort(cohort_file)
    selector = Selector(Settings(enrol_seconds=enrol_seconds), spec)
    lines: dict[str, list[Timeline]] = {}
    for line in timelines_of(
        (cohort[i] for i in range(len(cohort))), load_embedder(bundle), spec, windowed=cohort.windowed
    ):
        lines.setdefault(line.subject, []).append(line)
    plans = [plan for subject, own in lines.items() if (plan := selector.plan(subject, own)).enrollable]
    attempts = attempt(plans, comparator_of(bundle).against(references_of(plans)), boundaries.max_windows)
    accepted, windows = verify(attempts, boundaries)
    seconds = np.array([[seconds_of(int(n), spec) for n in row] for row in windows])
    return Worn(attempts.own, accepted, seconds)


def on_wearers(found: Worn, doubts: int) -> NDArray[np.float64]:
    """Of each person how often it closed on them, and in how many hours: `(people, 2)`."""
    return np.array(
        [
            (len(closings(found.accepted[rows, person], doubts)), found.seconds[rows, person].sum() / 3600)
            for person in found.people
            for rows in [found.own == person]
        ]
    )


def on_others(found: Worn, doubts: int) -> tuple[list[float], int]:
    """After how many seconds it closed on another pulse, where it did, and how many pulses there were."""
    after, passed = [], 0
    for person in found.people:
        rows = found.own == person
        for other in range(found.accepted.shape[1]):
            if other != person:
                closed = closings(found.accepted[rows, other], doubts)
                passed += 1
                after += [float(found.seconds[rows, other][: closed[0] + 1].sum())] if closed else []
    return after, passed


def figures(found: Worn, doubts: int, rng: np.random.Generator) -> dict[str, Any]:
    own = on_wearers(found, doubts)
    draws = [own[rng.integers(0, len(own), len(own))] for _ in range(DRAWS)]
    low, high = np.quantile([d[:, 0].sum() / d[:, 1].sum() for d in draws], (0.025, 0.975))
    after, passed = on_others(found, doubts)
    return {
        "doubts": doubts,
        "closings_an_hour": own[:, 0].sum() / own[:, 1].sum(),
        "ci95": [float(low), float(high)],
        "hours": float(own[:, 1].sum()),
        "people": len(found.people),
        "people_never_closed_on": int((own[:, 0] == 0).sum()),
        "passed_on": passed,
        "noticed": len(after) / passed,
        "noticed_after_s_median": float(np.median(after)),
        "noticed_after_s_p95": float(np.quantile(after, 0.95)),
    }


def line_of(told: dict[str, Any]) -> str:
    low, high = told["ci95"]
    mark = "  <- the lock's" if told["doubts"] == DOUBTS else ""
    return (
        f"{told['doubts']} refusals in a row: closes on its wearer {told['closings_an_hour']:.2f} times an hour "
        f"[{low:.2f}, {high:.2f}], never on {told['people_never_closed_on']} of {told['people']}; another pulse "
        f"noticed in {100 * told['noticed']:.1f} % of {told['passed_on']}, "
        f"after {told['noticed_after_s_median']:.0f} s (95 %: {told['noticed_after_s_p95']:.0f} s){mark}"
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--enrol-seconds", type=float, default=60.0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = worn(args.cohort, args.enrol_seconds)
    rng = np.random.default_rng(0)
    told = []
    for doubts in range(1, MOST_DOUBTS + 1):
        told.append(figures(found, doubts, rng))
        print(line_of(told[-1]))
    if args.json:
        args.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
