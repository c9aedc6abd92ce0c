import math

import numpy as np
import pytest

from tests.train.report.conftest import Maker
from train.report.experiments import group
from train.report.likeness import likeness_table
from train.report.predictions import read_predictions
from train.report.runs import read_run


def test_the_correlation_equals_a_plain_loop(make: Maker) -> None:
    runs = [read_run(make("none", 1)), read_run(make("none", 2)), read_run(make("teacher", 1))]
    table = likeness_table(group(runs))
    assert [row[2] for row in table.rows] == ["PPG alone, seed 2", "teacher (ECG)"]
    for row, other in zip(table.rows, runs[1:], strict=True):
        series = []
        for run in (runs[0], other):
            predictions = read_predictions(run)
            assert predictions is not None
            means = []
            for person in range(len(run.people)):
                rows = predictions.features[predictions.label == person].tolist()
                means.append([sum(r[k] for r in rows) / len(rows) for k in range(len(rows[0]))])
            cosines = []
            for i, a in enumerate(means):
                for b in means[:i]:
                    dot = sum(x * y for x, y in zip(a, b, strict=True))
                    cosines.append(dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b)))
            series.append(cosines)
        assert row[3] == str(len(series[0]))
        assert float(row[4]) == pytest.approx(float(np.corrcoef(*series)[0, 1]), abs=0.006)


def test_without_predictions_there_is_no_row(make: Maker) -> None:
    runs = [read_run(make("none", 1)), read_run(make("teacher", 1, predictions=False))]
    assert likeness_table(group(runs)).rows == []
