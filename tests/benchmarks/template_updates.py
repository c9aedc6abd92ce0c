"""What it is worth that templates follow their people's pulse: error with and without, on recordings of real people.

python tests/benchmarks/template_updates.py --data DIR --checkpoint runs/fcn-x0.25/best.ckpt [--json OUT]

DIR holds `challenge2015/`, `bidmc/`, `one_month/` and `stress_predict/`; the checkpoint names the people of the first
who were held out of training. Everyone is enrolled from 60 s and then tries again and again, in the order recorded. At
each round everybody's attempt is compared with everybody's template as it is then; afterwards the accepts confident
enough move their own templates. Nobody moves another's here (`creeping.py` lets them). Rated is what comes after the
templates had time to move: the second half of each recording, of `one_month` the second week. There, one update a
sitting is measured too: people do not unlock a device every 30 s.

`rule` is `device.template_update.RULE`; `unbounded` the same without its cap. Intervals are of a bootstrap over people.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bootstrap import outcome_intervals, people_intervals
from device.bundle import load_bundle
from device.comparison import Comparator, comparator_of, pooled
from device.decision import ACCEPT, GO_ON, Boundaries, Evidence, GivenUp, boundaries_at
from device.embedders import load_embedder
from device.enrolment import windows_in
from device.evaluation.attempts import Attempts, verify
from device.evaluation.protocol import Plan, Selector, attempts_of
from device.evaluation.settings import Settings
from device.evaluation.timelines import Timeline, timelines_of
from device.metrics import equal_error_rate, own_cells
from device.template_update import RULE, UpdateRule
from firmware_bridge.recordings import Recording, read_cohort
from train.checkpoint import load_trained
from train.cohorts import read_bidmc, read_challenge

ONE_MONTH = Settings(
    enrol_sessions=("week1_session1",), probe_sessions=("week1_session2", "week2_session1", "week2_session2")
)
UNBOUNDED = replace(RULE, min_cosine=-1.0)
COMPARED_S = 12.0
RESAMPLES = 1000


@dataclass(frozen=True)
class Person:
    """A reference (d,), and all attempts in order: the evidence after each window, and the session."""

    reference: NDArray[np.float32]
    attempts: list[list[Evidence]]
    sessions: list[str]
    windows: NDArray[np.float32]
    """Every good window (n, d) after the enrolment."""


@dataclass(frozen=True)
class Device:
    """How a bundle compares and decides."""

    comparator: Comparator
    boundaries: Boundaries
    compared_windows: int

    def decided(self, llr: NDArray[np.float64]) -> tuple[bool, int]:
        """Of an attempt's ratios (K,): whether it is accepted, and the place of the window that decided."""
        verdicts = [self.boundaries.judge(llr[k : k + 1], k + 1)[0] for k in range(len(llr))]
        first = next(k for k, verdict in enumerate(verdicts) if verdict != GO_ON)
        return verdicts[first] == ACCEPT, first


class Cohorts:
    """The people of each set, embedded by one bundle."""

    def __init__(self, data: Path, bundle_path: Path | None, checkpoint: Path) -> None:
        bundle = load_bundle(bundle_path)
        self._data, self._checkpoint = data, checkpoint
        self._spec, self._embedder = bundle.front_end, load_embedder(bundle)
        boundaries = boundaries_at(bundle.manifest.decision)
        self.device = Device(comparator_of(bundle), boundaries, windows_in(COMPARED_S, self._spec))

    def held_out(self) -> list[Person]:
        """Those of `challenge2015` who did not train."""
        everyone = read_challenge(self._data / "challenge2015" / "challenge2015.npz", 0.0)
        known = set(load_trained(self._checkpoint).dev_subjects)
        return self._people([one.recording for one in everyone if one.subject in known])

    def bidmc(self) -> list[Person]:
        return self._people([one.recording for one in read_bidmc(self._data / "bidmc")])

    def stress_predict(self) -> list[Person]:
        return self._people(list(read_cohort(self._data / "stress_predict" / "stress_predict.npz")))

    def one_month(self) -> list[Person]:
        recordings = list(read_cohort(self._data / "one_month" / "one_month.npz"))
        return self._people(recordings, ONE_MONTH, windowed=True)

    def _people(
        self, recordings: Sequence[Recording], settings: Settings | None = None, *, windowed: bool = False
    ) -> list[Person]:
        selector = Selector(settings or Settings(), self._spec)
        lines: dict[str, list[Timeline]] = {}
        for line in timelines_of(recordings, self._embedder, self._spec, windowed=windowed):
            lines.setdefault(line.subject, []).append(line)
        plans = [selector.plan(subject, own) for subject, own in lines.items()]
        return [self._person(plan) for plan in plans if plan.enrollable]

    def _person(self, plan: Plan) -> Person:
        made = [
            (one, probe.timeline.session)
            for probe in plan.probes
            for one in attempts_of(probe, self.device.boundaries.max_windows)
            if not isinstance(one, GivenUp)
        ]
        windows = [one for probe in plan.probes for one in probe.timeline.embeddings[probe.start :] if one is not None]
        return Person(
            pooled(plan.enrolment), [one for one, _ in made], [session for _, session in made], np.stack(windows)
        )


@dataclass(frozen=True)
class Lived:
    """All attempts against everybody's template of their time; `attempts.own` and `places` (n,) say whose and which."""

    attempts: Attempts
    places: NDArray[np.intp]
    updates: int
    least_cosine: float


def live(people: Sequence[Person], device: Device, rule: UpdateRule | None, *, once_a_session: bool) -> Lived:
    """Round after round, everybody tries once; without a rule templates stay as enrolled."""
    templates = [person.reference for person in people]
    updated: set[tuple[int, str]] = set()
    llr, own, places, updates = [], [], [], 0
    for place in range(max(len(person.attempts) for person in people)):
        scorer = device.comparator.against(np.stack(templates))
        for i, person in enumerate(people):
            if place >= len(person.attempts):
                continue
            evidence = person.attempts[place]
            ratios = np.stack([scorer.llr(one.probe, one.windows) for one in evidence])
            llr.append(ratios)
            own.append(i)
            places.append(place)
            accepted, last = device.decided(ratios[:, i])
            above = float(ratios[last, i]) - device.boundaries.accept_llr
            sitting = i, person.sessions[place]
            if rule and accepted and rule.is_confident(above) and not (once_a_session and sitting in updated):
                templates[i] = rule.moved(person.reference, templates[i], evidence[last].probe)
                updated.add(sitting)
                updates += 1
    attempts = Attempts(np.stack(llr), np.zeros((len(llr), llr[0].shape[0]), np.intp), np.array(own, np.intp), 0)
    cosines = [float(person.reference @ template) for person, template in zip(people, templates, strict=True)]
    return Lived(attempts, np.array(places, np.intp), updates, min(cosines))


@dataclass(frozen=True)
class Rates:
    """Error of the attempts rated; `saved` is what FNMR without updates minus with them comes to."""

    cohort: str
    schedule: str
    rule: str
    people: int
    mated: int
    updates: int
    least_cosine: float
    fmr: float
    fmr_ci95: tuple[float, float] | None
    fnmr: float
    fnmr_ci95: tuple[float, float] | None
    saved: float
    saved_ci95: tuple[float, float]
    eer: float
    eer_ci95: tuple[float, float] | None


def rated(lived: Lived, before: Lived, chosen: NDArray[np.bool_], device: Device, people: int) -> dict[str, object]:
    attempts = Attempts(lived.attempts.llr[chosen], lived.attempts.seen[chosen], lived.attempts.own[chosen], 0)
    accepted, _ = verify(attempts, device.boundaries)
    own = attempts.own
    mine = own_cells(accepted, own)
    fmr_ci95, fnmr_ci95 = outcome_intervals(accepted, own, np.random.default_rng(0))
    scores = attempts.llr[:, device.compared_windows - 1]
    without, _ = verify(replace(attempts, llr=before.attempts.llr[chosen]), device.boundaries)
    gained = accepted[mine].astype(float) - without[mine]
    return {
        "people": people,
        "mated": len(own),
        "updates": lived.updates,
        "least_cosine": lived.least_cosine,
        "fmr": float(accepted[~mine].mean()),
        "fmr_ci95": fmr_ci95,
        "fnmr": float(1.0 - accepted[mine].mean()),
        "fnmr_ci95": fnmr_ci95,
        "saved": float(gained.mean()),
        "saved_ci95": mean_interval(gained, own, people),
        "eer": equal_error_rate(scores[mine], scores[~mine]),
        "eer_ci95": people_intervals(scores, own, (), np.random.default_rng(0)).eer,
    }


def mean_interval(values: NDArray[np.float64], own: NDArray[np.intp], people: int) -> tuple[float, float]:
    """95 % interval of the mean of values (n,) of people `own` (n,), people being resampled."""
    weights = np.random.default_rng(0).multinomial(people, np.full(people, 1.0 / people), size=RESAMPLES)
    totals = weights @ np.bincount(own, values, people)
    low, high = np.quantile(totals / (weights @ np.bincount(own, minlength=people)), (0.025, 0.975))
    return float(low), float(high)


def later_half(people: Sequence[Person], lived: Lived) -> NDArray[np.bool_]:
    counts = np.array([len(person.attempts) for person in people])
    return np.asarray(lived.places >= counts[lived.attempts.own] / 2)


def second_week(people: Sequence[Person], lived: Lived) -> NDArray[np.bool_]:
    tries = zip(lived.attempts.own, lived.places, strict=True)
    return np.array([people[i].sessions[place].startswith("week2") for i, place in tries])


Choice = Callable[[Sequence[Person], Lived], NDArray[np.bool_]]


def measured(cohort: str, people: Sequence[Person], device: Device, choice: Choice, schedule: str) -> list[Rates]:
    def run(rule: UpdateRule | None) -> Lived:
        return live(people, device, rule, once_a_session=schedule == "once a sitting")

    before = run(None)
    chosen = choice(people, before)
    lives = {"none": before, "rule": run(RULE), "unbounded": run(UNBOUNDED)}
    return [
        Rates(cohort, schedule, name, **rated(one, before, chosen, device, len(people))) for name, one in lives.items()
    ]


def percent(rate: float, interval: tuple[float, float] | None) -> str:
    return f"{100 * rate:6.2f} % [{', '.join(f'{100 * end:.2f}' for end in interval or ())}]"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cohorts = Cohorts(args.data, args.bundle, args.checkpoint)
    month = cohorts.one_month()
    rows = [
        *measured("held out", cohorts.held_out(), cohorts.device, later_half, "every accept"),
        *measured("stress_predict", cohorts.stress_predict(), cohorts.device, later_half, "every accept"),
        *measured("bidmc", cohorts.bidmc(), cohorts.device, later_half, "every accept"),
        *measured("one_month", month, cohorts.device, second_week, "every accept"),
        *measured("one_month", month, cohorts.device, second_week, "once a sitting"),
    ]
    for row in rows:
        print(
            f"{row.cohort:15}{row.schedule:16}{row.rule:10} people {row.people} mated {row.mated:4} "
            f"updates {row.updates:4} cosine >= {row.least_cosine:.3f}  FMR {percent(row.fmr, row.fmr_ci95)}  "
            f"FNMR {percent(row.fnmr, row.fnmr_ci95)}  saved {percent(row.saved, row.saved_ci95)}  "
            f"EER {percent(row.eer, row.eer_ci95)}"
        )
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
