import numpy as np
import pytest

from tests.train.report.conftest import Maker
from train.report.drift import PARTS, by_part, drift_table
from train.report.experiments import group
from train.report.predictions import Predictions, read_predictions
from train.report.runs import read_run


def test_parts_are_in_order_of_time() -> None:
    label = np.repeat([0, 1], [10, 7])
    predicted = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
    rows = np.ones((17, 2), dtype=np.float32)
    # Seven windows fall into the parts as 2, 1, 2, 1, 1.
    expected = [(2 + 2) / 4, (2 + 1) / 3, (2 + 2) / 4, (0 + 0) / 3, (0 + 0) / 3]
    assert by_part(Predictions(label, rows, predicted)).tolist() == pytest.approx(expected)


def test_a_row_is_the_mean_of_its_seeds(make: Maker) -> None:
    runs = [read_run(make("none", 1, noise=2.0)), read_run(make("none", 2, noise=2.0))]
    table = drift_table(group(runs))
    assert len(table.rows) == 1
    sums = np.zeros(PARTS)
    for run in runs:
        predictions = read_predictions(run)
        assert predictions is not None
        sums += by_part(predictions)
    assert [float(cell) for cell in table.rows[0][3:]] == pytest.approx((100 * sums / 2).tolist(), abs=0.006)


def test_without_predictions_there_is_no_row(make: Maker) -> None:
    assert drift_table(group([read_run(make("none", predictions=False))])).rows == []
