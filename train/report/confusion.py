"""Whom the networks take for whom."""

from collections import Counter

import numpy as np

from train.report.experiments import network_label
from train.report.predictions import Predictions
from train.report.runs import Run
from train.report.tables import Table

WORST = 15


def confusion_table(baseline: tuple[Run, Predictions], proposed: tuple[Run, Predictions]) -> Table:
    """The ordered pairs of people that both networks together confuse most, the same seed of each.

    Args:
        baseline: a sample-wise run and its predictions.
        proposed: another of the same people.
    """
    counts = [_confusions(*one) for one in (baseline, proposed)]
    both = counts[0] + counts[1]
    windows = _windows(*baseline)
    worst = sorted(both, key=lambda pair: (-both[pair], pair))[:WORST]
    table = Table(
        "The most confused pairs", ("Person", "Named", "Windows", "PPG alone", "proposed"), [], texts=2, begins=0
    )
    table.rows = [(*pair, str(windows[pair[0]]), *(str(one[pair]) for one in counts)) for pair in worst]
    totals = [sum(one.values()) for one in counts]
    table.notes.append(
        f"{network_label(baseline[0].network)}, seed {baseline[0].seed}: test windows of the person in the first "
        f"column that were taken for the second's; ordered by both networks together. Over all pairs PPG alone errs in "
        f"{totals[0]:,} windows and proposed in {totals[1]:,}."
    )
    return table


def _confusions(run: Run, predictions: Predictions) -> Counter[tuple[str, str]]:
    if predictions.predicted is None:
        raise ValueError("subject-wise runs name nobody")
    wrong = predictions.predicted != predictions.label
    pairs = zip(predictions.label[wrong].tolist(), predictions.predicted[wrong].tolist(), strict=True)
    return Counter((run.people[true], run.people[named]) for true, named in pairs)


def _windows(run: Run, predictions: Predictions) -> dict[str, int]:
    counts = np.bincount(predictions.label, minlength=len(run.people)).tolist()
    return dict(zip(run.people, counts, strict=True))
