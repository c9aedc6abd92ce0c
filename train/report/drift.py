"""How recognition fades with the time since training ended."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from train.report.experiments import Experiment
from train.report.predictions import Predictions, read_predictions
from train.report.tables import WHO, Table, who
from train.report.wording import percent

PARTS = 5


def drift_table(experiments: Sequence[Experiment]) -> Table:
    """OA of each fifth of everyone's test windows, mean over seeds; empty without predictions.

    Args:
        experiments: that looked at test windows, sample-wise.
    """
    head = (*WHO, *(f"OA % in fifth {part + 1}" for part in range(PARTS)))
    table = Table("How recognition fades after training ended", head, [])
    for one in experiments:
        found = [predictions for run in one.runs if (predictions := read_predictions(run)) is not None]
        if found:
            shares = np.mean([by_part(predictions) for predictions in found], axis=0)
            table.rows.append((*who(one), *(percent(float(share)) for share in shares)))
    table.notes.append(
        "Each person's test windows are cut into five parts, in order of time; training ended where the first begins. "
        "A pulse that did not change would be recognised alike in all five."
    )
    return table


def by_part(predictions: Predictions) -> NDArray[np.float64]:
    """OA (parts,) of everyone's first, second ... part of test windows, in order of time."""
    assert predictions.predicted is not None
    hits, counts = np.zeros(PARTS), np.zeros(PARTS)
    for person in np.unique(predictions.label):
        mine = predictions.label == person
        right = predictions.predicted[mine] == person
        part = np.arange(right.size) * PARTS // right.size
        hits += np.bincount(part, right, PARTS)
        counts += np.bincount(part, minlength=PARTS)
    return np.asarray(hits / np.maximum(counts, 1.0))
