import numpy as np
import pytest

from device.metrics import equal_error_rate
from tests.train.report.conftest import Maker
from train.report.drawing import swatches
from train.report.embeddings import chosen_people
from train.report.predictions import Predictions, read_predictions
from train.report.runs import read_run
from train.report.tradeoff import trade_off


def test_the_trade_off_is_of_every_probe_against_everybody(make: Maker) -> None:
    run = read_run(make("none", kind="subject-wise", noise=1.5))
    predictions = read_predictions(run)
    assert predictions is not None
    points = trade_off(predictions, len(run.people))
    assert points is not None
    references = []
    for person in range(len(run.people)):
        mean = predictions.of(person)[:25].mean(axis=0)
        references.append(mean / np.linalg.norm(mean))
    mated, other = [], []
    for person in range(len(run.people)):
        for probe in predictions.of(person)[25:]:
            for number, reference in enumerate(references):
                (mated if number == person else other).append(float(probe @ reference))
    rates = np.interp(0.0, points.fnmr - points.fmr, points.fmr)
    assert rates == pytest.approx(equal_error_rate(mated, other), abs=0.02)
    assert points.thresholds.size <= len(mated) + len(other) + 1


def test_no_trade_off_of_one_person_or_of_zeros() -> None:
    label = np.repeat([0, 1], [30, 25])
    one = Predictions(label, np.ones((55, 2), np.float32), None)
    assert trade_off(one, 2) is None
    label = np.repeat([0, 1], 30)
    assert trade_off(Predictions(label, np.zeros((60, 2), np.float32), None), 2) is None


def test_people_of_a_map_are_in_both_runs(make: Maker) -> None:
    make.people = [f"p{i}" for i in range(14)]
    first, second = (read_run(make(method)) for method in ("none", "proposed"))
    read = read_predictions(first)
    other = read_predictions(second)
    assert read is not None
    assert other is not None
    people = chosen_people((first, read), (second, other))
    assert len(people) == 10
    assert people == sorted(people)
    few = Predictions(np.full(4, 3), read.features[:4], None)
    assert chosen_people((first, read), (second, few)) == ["p3"]


def test_known_methods_look_the_same_everywhere() -> None:
    one = swatches([("none", "PPG alone"), ("proposed", "proposed"), ("other", "other")])
    two = swatches([("proposed", "proposed")])
    assert one["proposed"] == two["proposed"]
    assert len({(swatch.colour, swatch.dashes) for swatch in one.values()}) == 3
