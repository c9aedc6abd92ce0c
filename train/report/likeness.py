"""Whether two networks find the same people alike: what a teacher's soft answers can tell a student at most."""

from collections.abc import Sequence

import numpy as np

from train.report.experiments import BASELINE, PROPOSED, TEACHER, Experiment, network_label
from train.report.predictions import Predictions, read_predictions
from train.report.runs import Run
from train.report.tables import Table


def likeness_table(experiments: Sequence[Experiment]) -> Table:
    """One row a network and pair of runs of its sample-wise experiments; empty without their predictions.

    Args:
        experiments: that looked at test windows, sample-wise.
    """
    table = Table(
        "Do two networks find the same people alike?", ("Network", "One", "Other", "Pairs of people", "r"), []
    )
    table.begins = 1
    for baseline in (one for one in experiments if one.method == BASELINE):
        runs = [(f"PPG alone, seed {run.seed}", run) for run in baseline.runs[1:2]]
        for method in (TEACHER, PROPOSED):
            same = [one for one in experiments if one.method == method and _alike(one, baseline)]
            runs += [(one.label, one.first) for one in same[:1]]
        for name, run in runs:
            found = _correlation(baseline.first, run)
            if found is not None:
                r, pairs = found
                first = f"PPG alone, seed {baseline.first.seed}"
                table.rows.append((network_label(baseline.first.network), first, name, f"{pairs:,}", f"{r:.2f}"))
    table.notes.append(
        "r is Pearson's, over pairs of people, of the cosines between their mean test embeddings. A teacher whose r is "
        "near 0 finds other people alike than the student does, and its soft answers tell the student little."
    )
    return table


def _alike(one: Experiment, other: Experiment) -> bool:
    return one.first.network == other.first.network and one.first.config["protocol"] == other.first.config["protocol"]


def _correlation(one: Run, other: Run) -> tuple[float, int] | None:
    predictions = [read_predictions(run) for run in (one, other)]
    if predictions[0] is None or predictions[1] is None:
        return None
    first, second = (_cosines(p, run.people) for p, run in zip(predictions, (one, other), strict=True) if p is not None)
    common = sorted(first.keys() & second.keys())
    if len(common) < 3:
        return None
    return float(np.corrcoef([first[pair] for pair in common], [second[pair] for pair in common])[0, 1]), len(common)


def _cosines(predictions: Predictions, people: Sequence[str]) -> dict[tuple[str, str], float]:
    """Of each pair of people who have windows."""
    means = {}
    for number, person in enumerate(people):
        rows = predictions.of(number)
        if len(rows):
            mean = rows.mean(axis=0)
            means[person] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    names = sorted(means)
    matrix = np.stack([means[name] for name in names]) @ np.stack([means[name] for name in names]).T
    return {(a, b): float(matrix[i, j]) for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
