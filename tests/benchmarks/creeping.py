"""An impostor who knows the PIN leads a victim's template to his own pulse, step by step: how far does he get?

python tests/benchmarks/creeping.py --data DIR --checkpoint runs/fcn-x0.25/best.ckpt [--json OUT]

Data as for `template_updates.py`; people of `challenge2015` held out of training, on whom the cap was set, and of
BIDMC. Everybody attacks everybody else, from the victim's template as enrolled, and never fails a try. Two attackers:

- embedding: he can present any point of the great circle between the template and his own embedding (of his first
  minute), and each time presents the one farthest from the template that is still accepted with the margin. No real
  signal is known to reach such points.
- windows: he has his own recording, cut into windows that he may join as he likes, and each time presents those most
  alike to the template. Where they are not accepted with the margin, he is stuck.

After so many updates: how many of his own, unmixed attempts are accepted (FMR; with the interval of a bootstrap over
people), for how many pairs of people at least one is, and how many of the owner's are refused (FNMR). `unbounded` is
the device's rule without its cap.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from template_updates import UNBOUNDED, Cohorts, Device, Person, percent

from device.bootstrap import outcome_intervals
from device.comparison import Scorer, pooled
from device.evaluation.attempts import Attempts, verify
from device.template_update import RULE, UpdateRule

UPDATES = (10, 100, 1000)
HALVINGS = 12
STILL = 1e-6
"""A template that moves less than this in a step has come to rest."""

Floats = NDArray[np.float64]
Embedding = NDArray[np.float32]


class Attacks:
    """What everybody can present, and what becomes of it on one device."""

    def __init__(self, people: Sequence[Person], device: Device) -> None:
        self._people = people
        self._device = device
        self._comparator = device.comparator
        # Scores are symmetric, so that attempts can be the references, whose cohort statistics are taken once.
        self._tries = [self._comparator.against(_stacked(person)) for person in people]

    def accepted(self, prober: int, template: Embedding) -> NDArray[np.bool_]:
        """Which of a person's attempts (n,) a template (d,) accepts."""
        longest = self._device.boundaries.max_windows
        scores = self._tries[prober].scores(template).reshape(-1, longest)
        ratios = [self._comparator.calibration.llr(scores[:, k], k + 1) for k in range(longest)]
        llr = np.stack(ratios, axis=1)[:, :, None]
        nobody = np.zeros(len(llr), np.intp)
        return verify(Attempts(llr, np.zeros(llr.shape[:2], np.intp), nobody, 0), self._device.boundaries)[0][:, 0]

    def creep_by_embedding(self, victim: int, impostor: int, rule: UpdateRule) -> list[Embedding]:
        """The template after each of `UPDATES`."""
        anchor, goal = self._people[victim].reference, self._people[impostor].reference
        windows = self._device.boundaries.max_windows
        needed = self._device.boundaries.accept_llr + rule.margin_llr

        def probe(template: Embedding) -> Embedding | None:
            scorer = self._comparator.against(template[None, :])
            if scorer.llr(goal, windows)[0] >= needed:
                return goal
            return _farthest(scorer, template, goal, windows, needed)

        return _crept(anchor, rule, probe)

    def creep_by_windows(self, victim: int, impostor: int, rule: UpdateRule) -> list[Embedding]:
        """The same with the impostor's own windows, as few as the device decides on."""
        count = self._device.boundaries.min_windows
        needed = self._device.boundaries.accept_llr + rule.margin_llr
        own = self._people[impostor].windows

        def probe(template: Embedding) -> Embedding | None:
            nearest = pooled(own[np.argsort(own @ template)[-count:]])
            llr = self._comparator.against(template[None, :]).llr(nearest, count)[0]
            return nearest if llr >= needed else None

        return _crept(self._people[victim].reference, rule, probe)


def _stacked(person: Person) -> Embedding:
    return np.stack([one.probe for attempt in person.attempts for one in attempt])


def _farthest(scorer: Scorer, template: Embedding, goal: Embedding, windows: int, needed: float) -> Embedding | None:
    """The accepted point nearest to the goal on the great circle, by bisection; None where not even the start is."""
    start, end = template.astype(np.float64), goal.astype(np.float64)
    angle = float(np.arccos(np.clip(start @ end, -1.0, 1.0)))
    aside = end - (start @ end) * start
    aside /= np.linalg.norm(aside)

    def at(share: float) -> Embedding:
        return np.asarray(np.cos(share * angle) * start + np.sin(share * angle) * aside, dtype=np.float32)

    def fits(share: float) -> bool:
        return bool(scorer.llr(at(share), windows)[0] >= needed)

    if not fits(0.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if fits(middle) else (low, middle)
    return at(low)


def _crept(anchor: Embedding, rule: UpdateRule, probe: Callable[[Embedding], Embedding | None]) -> list[Embedding]:
    template, kept, moving = anchor, [], True
    for step in range(1, max(UPDATES) + 1):
        presented = probe(template) if moving else None
        if presented is not None:
            after = rule.moved(anchor, template, presented)
            moving = float(np.linalg.norm(after - template)) > STILL
            template = after
        else:
            moving = False
        if step in UPDATES:
            kept.append(template)
    return kept


@dataclass(frozen=True)
class Outcome:
    """What an attack comes to after so many updates."""

    cohort: str
    attacker: str
    rule: str
    updates: int
    people: int
    fmr: float
    fmr_ci95: tuple[float, float] | None
    pairs: float
    owner_fnmr: float
    cosine: float
    """The least, of any template with its anchor."""


def outcome(
    attacks: Attacks, people: Sequence[Person], templates: dict[tuple[int, int], Embedding]
) -> dict[str, object]:
    """`templates`: what each pair of victim and impostor has come to; where there is none, that as enrolled."""
    count = len(people)
    own = np.repeat(np.arange(count), [len(person.attempts) for person in people])
    accepted = np.zeros((len(own), count), dtype=np.bool_)
    refused = []
    for victim in range(count):
        for impostor in range(count):
            template = templates.get((victim, impostor), people[victim].reference)
            accepted[own == impostor, victim] = attacks.accepted(impostor, template)
            if impostor != victim:
                refused.append(1.0 - attacks.accepted(victim, template).mean())
    strangers = own[:, None] != np.arange(count)
    tried = np.array(
        [[accepted[own == impostor, victim].any() for impostor in range(count)] for victim in range(count)]
    )
    cosines = [float(people[victim].reference @ template) for (victim, _), template in templates.items()]
    return {
        "people": count,
        "fmr": float(accepted[strangers].mean()),
        "fmr_ci95": outcome_intervals(accepted, own, np.random.default_rng(0))[0],
        "pairs": float(tried[~np.eye(count, dtype=np.bool_)].mean()),
        "owner_fnmr": float(np.mean(refused)),
        "cosine": min(cosines, default=1.0),
    }


def attacked(cohort: str, people: Sequence[Person], device: Device) -> list[Outcome]:
    people = [person for person in people if person.attempts]
    attacks = Attacks(people, device)
    pairs = [(i, j) for i in range(len(people)) for j in range(len(people)) if i != j]
    rows = [Outcome(cohort, "none", "none", 0, **outcome(attacks, people, {}))]
    for attacker, creep in (("windows", attacks.creep_by_windows), ("embedding", attacks.creep_by_embedding)):
        for name, rule in (("rule", RULE), ("unbounded", UNBOUNDED)):
            crept = {pair: creep(*pair, rule) for pair in pairs}
            for at, updates in enumerate(UPDATES):
                reached = {pair: templates[at] for pair, templates in crept.items()}
                rows.append(Outcome(cohort, attacker, name, updates, **outcome(attacks, people, reached)))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cohorts = Cohorts(args.data, args.bundle, args.checkpoint)
    rows = []
    for name, people in (("held out", cohorts.held_out()), ("bidmc", cohorts.bidmc())):
        for row in attacked(name, people, cohorts.device):
            print(
                f"{row.cohort:9}people {row.people} {row.attacker:10}{row.rule:10}updates {row.updates:4}  "
                f"FMR {percent(row.fmr, row.fmr_ci95)}  pairs {100 * row.pairs:6.2f} %  "
                f"owner's FNMR {100 * row.owner_fnmr:6.2f} %  cosine >= {row.cosine:.3f}",
                flush=True,
            )
            rows.append(row)
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
