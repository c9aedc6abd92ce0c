"""Fiducial features as embeddings."""

import logging

import numpy as np
import pytest

from tests.train.references.conftest import humps, person
from train.errors import TrainError, TrainReason
from train.references.discriminant import fit_discriminant, standardised
from train.windows import PersonWindows


def test_people_are_told_apart_and_what_holds_no_beat_is_refused(
    learners: list[PersonWindows], held_out: list[PersonWindows], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "train")
    fitted = fit_discriminant(learners, held_out)
    assert fitted.directions.shape[1] == 3  # one less than the people
    assert [line.split(":")[0] for line in caplog.messages] == ["fiducials, 3 directions"]
    flat = np.zeros((1, 300), np.float32)
    first, second = (fitted.embed(np.concatenate((humps(number, 300, 4, seed=1), flat))) for number in (0, 3))
    assert first[-1] is None
    assert second[-1] is None
    own = [float(a @ b) for a, b in zip(first[:2], first[2:4], strict=True) if a is not None and b is not None]
    other = [float(a @ b) for a, b in zip(first[:4], second[:4], strict=True) if a is not None and b is not None]
    assert len(own) == 2
    assert len(other) == 4
    assert min(own) > max(other)
    assert all(np.isclose(np.linalg.norm(one), 1.0) for one in first[:4] if one is not None)


def test_what_is_missing_is_average() -> None:
    found = np.array([[1.0, np.nan], [3.0, 5.0]])
    assert standardised(found, np.array([2.0, 4.0]), np.array([0.5, 1.0])).tolist() == [[-2.0, 0.0], [2.0, 1.0]]


def test_fitting_is_the_same_twice(learners: list[PersonWindows], held_out: list[PersonWindows]) -> None:
    first, again = (fit_discriminant(learners, held_out) for _ in range(2))
    assert np.array_equal(first.directions, again.directions)


def test_too_few_people_are_refused(held_out: list[PersonWindows]) -> None:
    with pytest.raises(TrainError, match="1 people have 20 windows with a whole beat") as refused:
        fit_discriminant([person(0), PersonWindows("flat", np.zeros((40, 300), np.float32))], held_out)
    assert refused.value.reason is TrainReason.TOO_FEW_PEOPLE
