"""The tables of results, as texts: seen people, unseen people, more shots, cost, tuning."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from train.report.experiments import BASELINE, TEACHER, Experiment, differences, network_name, partner
from train.report.paired import Gain, gain_by_shots, gain_over
from train.report.runs import Run
from train.report.wording import MISSING, interval, listed, points, seed_range, span, spread

WHO = ("Network", "Width", "Method")
GAIN = ("Gain in OA, points", "95 % interval", "Gains of the seeds")


@dataclass(slots=True)
class Table:
    """Cells are plain texts; the columns up to ``texts`` are words, the others numbers."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    texts: int = len(WHO)
    begins: int = 2
    """Rows that agree in so many first cells belong together."""
    notes: list[str] = field(default_factory=list)


def seen_table(experiments: Sequence[Experiment]) -> Table:
    """Sample-wise results: everyone who is tested also trained."""
    head = (*WHO, "Seeds", "OA %", "Macro F1 %", "OA %, every rival", *GAIN)
    table = Table("People seen in training", head, [])
    for one in experiments:
        answers = [run.seen.oa for run in one.runs if run.seen is not None]
        others = (spread([run.macro_f1 for run in one.runs]), spread([run.every_rival_oa for run in one.runs]))
        cells = (one.seeds, spread(answers), *others)
        table.rows.append((*who(one), *cells, *_gain_cells(one, experiments, None, table.notes)))
    if table.rows:
        table.notes.append(
            "Records whose numbers are nearer than 11 may be of one person, so they are no impostors of each other; "
            "the column of every rival has no such exception."
        )
    return table


def unseen_table(experiments: Sequence[Experiment]) -> Table:
    """Subject-wise results: N-shot recognition of people who never trained."""
    table = Table(
        "People never seen in training", (*WHO, "N", "Seeds", "OA %", "EER %", "FNMR % at FMR 1 %", *GAIN), []
    )
    for one in experiments:
        for n in shots_of(one):
            shots = [shot for run in one.runs for shot in run.shots if shot.n == n]
            rates = (
                spread([shot.answers.oa for shot in shots]),
                spread([shot.eer for shot in shots]),
                spread([shot.fnmr for shot in shots]),
            )
            gain = _gain_cells(one, experiments, n, table.notes)
            table.rows.append((*who(one), str(n), one.seeds, *rates, *gain))
    return table


def more_shots_table(experiments: Sequence[Experiment]) -> Table:
    """Whether more windows to enrol from help, step by step."""
    head = (*WHO, "Step of N", "Change of OA, points", "95 % interval", "Seeds in which OA rises")
    table = Table(
        "What more enrolment windows do", (*head, "Change of EER, points", "Seeds in which EER falls", "On average"), []
    )
    for one in experiments:
        for fewer, more in pairwise(shots_of(one)):
            gain = gain_by_shots(one, fewer, more)
            eer = [_eer(run, more) - _eer(run, fewer) for run in one.runs]
            rises, falls = gain.mean > 0.0, float(np.mean(eer)) < 0.0
            says = f"OA {'rises' if rises else 'does not rise'}, EER {'falls' if falls else 'does not fall'}"
            table.rows.append(
                (
                    *who(one),
                    f"{fewer} → {more}",
                    points(gain.mean),
                    interval(gain),
                    f"{sum(change > 0.0 for change in gain.by_seed.values())} of {len(eer)}",
                    points(float(np.mean(eer))),
                    f"{sum(change < 0.0 for change in eer)} of {len(eer)}",
                    says,
                )
            )
    return table


def cost_table(experiments: Sequence[Experiment]) -> Table:
    """What the networks cost on the device, and the trainings here; names the config of every row."""
    head = (*WHO, "Experiment", "Protocol", "Parameters", "MACs a window", "Training, s", "On", "Threads")
    table = Table("Cost", head, [], texts=5)
    for one in experiments:
        costs = [run.cost for run in one.runs]
        cells = (
            span(cost.parameters for cost in costs),
            span(cost.macs for cost in costs),
            span(round(cost.train_s) for cost in costs),
            listed(cost.device for cost in costs),
            span(cost.threads for cost in costs),
        )
        table.rows.append((*who(one), one.first.name, str(one.first.kind), *cells))
    table.notes.append(
        "Training seconds are the wall clock of the training loop, least to greatest over seeds, whatever else the "
        "machine did meanwhile. Distillation adds nothing to the parameters and MACs of a network."
    )
    return table


def tuning_table(experiments: Sequence[Experiment]) -> Table:
    """Runs that were scored on part of what trains, to choose settings by."""
    table = Table("Tuning runs", (*WHO, "Experiment", "Scored on", "Seeds", "OA %", "Macro F1 %", "EER %"), [], texts=5)
    for one in experiments:
        name = (*who(one), one.first.name)
        seen = [run.seen.oa for run in one.runs if run.seen is not None]
        if seen:
            f1 = spread([run.macro_f1 for run in one.runs])
            table.rows.append((*name, "seen people", one.seeds, spread(seen), f1, MISSING))
        for n in shots_of(one):
            shots = [shot for run in one.runs for shot in run.shots if shot.n == n]
            rates = spread([shot.answers.oa for shot in shots]), MISSING, spread([shot.eer for shot in shots])
            table.rows.append((*name, f"unseen people, N = {n}", one.seeds, *rates))
    return table


def who(one: Experiment) -> tuple[str, str, str]:
    """The cells that say whose row it is."""
    return network_name(one.first.network), f"{one.first.network.width:g}", one.label


def shots_of(one: Experiment) -> list[int]:
    """Every N that all runs of an experiment have, rising."""
    return sorted(set.intersection(*({shot.n for shot in run.shots} for run in one.runs)))


def gain_cells(gain: Gain) -> tuple[str, str, str]:
    """The cells of ``GAIN``."""
    return points(gain.mean), interval(gain), seed_range(gain)


def _gain_cells(
    one: Experiment, experiments: Sequence[Experiment], shots: int | None, notes: list[str]
) -> tuple[str, str, str]:
    if one.method in (BASELINE, TEACHER):
        return MISSING, MISSING, MISSING
    baseline = partner(one, experiments, BASELINE)
    if baseline is None or (shots is not None and shots not in shots_of(baseline)):
        return MISSING, MISSING, MISSING
    gain = gain_over(one, baseline, shots)
    for says in caveats(one, baseline, gain):
        if says not in notes:
            notes.append(says)
    return gain_cells(gain)


def caveats(one: Experiment, other: Experiment, gain: Gain) -> list[str]:
    """What a reader of this gain must know."""
    names = f"{' '.join(who(one))} and {other.label}"
    says = []
    unlike = [f"[{name}]" for name in differences(one, other)]
    if unlike:
        says.append(f"{names} differ in more than the method: {listed(unlike)} of their configs.")
    if len(gain.by_seed) < max(len(one.runs), len(other.runs)):
        seeds = listed(str(seed) for seed in gain.by_seed)
        says.append(f"{names} are compared over their common seeds alone: {seeds}.")
    if gain.interval is None:
        says.append(f"{names} have no interval: their results do not hold the hits of the same people.")
    return says


def _eer(run: Run, n: int) -> float:
    return next(shot.eer for shot in run.shots if shot.n == n)
