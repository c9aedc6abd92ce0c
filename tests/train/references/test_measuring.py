"""References are measured by the device's own protocol: what ships comes out as ``pulsekey evaluate`` says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from device.bundle import Bundle, load_bundle
from device.comparison import comparator_of
from device.embedders import load_embedder
from device.evaluation import Settings, evaluate
from device.evaluation.timelines import Timeline
from firmware_bridge.recordings import Recording, read_cohort
from tests.train.attack.conftest import wearer_recording
from train.cohorts import write_cohort
from train.errors import TrainError, TrainReason
from train.references.measuring import Side, Sitting, _Cosine, eer_difference, embedded, measure, sit
from train.references.models import Model, milliseconds, shipped_models

LENGTHS = (2.4, 12.0)
NAMES = ("ada", "alan", "grace", "linus")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(None)


@pytest.fixture(scope="module")
def cohort_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cohort") / "wearers.npz"
    write_cohort(path, [wearer_recording(name, 110.0) for name in NAMES])
    return path


@pytest.fixture(scope="module")
def sitting(bundle: Bundle, cohort_file: Path) -> Sitting:
    cohort = read_cohort(cohort_file)
    recordings = (cohort[i] for i in range(len(cohort)))
    return sit("wearers", Settings(decision_seconds=LENGTHS), recordings, bundle.front_end, windowed=False)


@pytest.fixture(scope="module")
def strangers(bundle: Bundle) -> NDArray[np.float32]:
    return comparator_of(bundle)._cohort.astype(np.float32)


@pytest.fixture(scope="module")
def int8(bundle: Bundle) -> Model:
    return shipped_models(bundle)[0]


def test_the_model_that_ships_fares_as_evaluate_says(
    bundle: Bundle, cohort_file: Path, sitting: Sitting, strangers: NDArray[np.float32], int8: Model
) -> None:
    settings = Settings(decision_seconds=LENGTHS)
    result = evaluate(bundle, load_embedder(bundle, "auto", "int8"), cohort_file, settings)
    nearest = bundle.manifest.comparison.nearest
    measured = measure(int8, strangers, nearest, sitting, bundle.front_end)
    assert (measured.people, len(measured.enrolled), measured.not_embedded) == (len(NAMES), result.enrolled, 0)
    assert measured.windows == round(result.windows * (1.0 - result.fta))
    for expected in result.decisions:
        rates = measured.normalised[expected.seconds]
        assert (rates.mated, rates.non_mated) == (expected.mated, expected.non_mated)
        assert rates.eer == pytest.approx(expected.eer, abs=1e-9)
        assert rates.eer_ci95 == pytest.approx(expected.eer_ci95, abs=1e-9)
        assert rates.rank1 == expected.rank1
        assert rates.rank1_ci95 == expected.rank1_ci95


def test_a_model_is_no_better_than_itself_and_better_than_chance(
    bundle: Bundle, sitting: Sitting, strangers: NDArray[np.float32], int8: Model
) -> None:
    rng = np.random.default_rng(0)

    def guess(pulse: NDArray[np.float32]) -> list[NDArray[np.float32] | None]:
        return [one / np.linalg.norm(one) for one in rng.standard_normal((len(pulse), 96)).astype(np.float32)]

    spec, nearest = bundle.front_end, bundle.manifest.comparison.nearest
    known, guessed = (
        Side(measure(model, strangers, nearest, sitting, spec), strangers)
        for model in (int8, replace(int8, embed=guess))
    )
    assert eer_difference(known, known, nearest, spec) == (0.0, (0.0, 0.0))
    difference = eer_difference(guessed, known, nearest, spec)
    assert difference is not None
    points, (low, high) = difference
    first, second = (side.measured.normalised[12.0].eer for side in (guessed, known))
    assert first is not None
    assert second is not None
    assert points == pytest.approx(first - second)
    assert 0.1 < low <= points <= high


def test_nobody_in_common_is_no_difference(
    bundle: Bundle, sitting: Sitting, strangers: NDArray[np.float32], int8: Model
) -> None:
    spec = bundle.front_end
    side = Side(measure(int8, strangers, 50, sitting, spec), strangers)
    other = replace(side, measured=replace(side.measured, enrolled=("nobody",)))
    assert eer_difference(other, side, 50, spec) is None


def test_cosines_are_plain_products(bundle: Bundle, strangers: NDArray[np.float32]) -> None:
    scorer = _Cosine(comparator_of(bundle), strangers[:3].astype(np.float64))
    probe = strangers[7]
    expected = [sum(float(a) * float(b) for a, b in zip(one, probe, strict=True)) for one in strangers[:3]]
    assert scorer.scores(probe) == pytest.approx(expected, abs=1e-6)


def test_what_a_model_refuses_is_counted_and_keeps_its_place(
    bundle: Bundle, sitting: Sitting, strangers: NDArray[np.float32], int8: Model
) -> None:
    line = Timeline("p", "s", [0, 0, 0, 1], [np.full(3, i, np.float32) if i != 1 else None for i in range(4)])
    answered = embedded(line, lambda windows: [None if one[0] == 2.0 else -one for one in windows])
    assert [None if one is None else one.tolist() for one in answered.embeddings] == [
        [0.0] * 3, None, None, [-3.0] * 3,
    ]  # fmt: skip
    assert answered.epochs == line.epochs
    half = replace(int8, embed=_every_second(int8.embed))
    measured = measure(half, strangers, 50, sitting, bundle.front_end)
    assert measured.not_embedded == sum(sum(one is not None for one in own.embeddings) // 2 for own in sitting.lines)


def _every_second(
    embed: Callable[[NDArray[np.float32]], list[NDArray[np.float32] | None]],
) -> Callable[[NDArray[np.float32]], list[NDArray[np.float32] | None]]:
    return lambda pulse: [one if i % 2 == 0 else None for i, one in enumerate(embed(pulse))]


def test_too_few_who_can_be_enrolled_are_refused(
    bundle: Bundle, sitting: Sitting, strangers: NDArray[np.float32], int8: Model
) -> None:
    nothing = replace(int8, embed=lambda pulse: [None] * len(pulse))
    with pytest.raises(TrainError, match=r"wearers: 0 of 4 people can be enrolled by fcn-x0\.25") as refused:
        measure(nothing, strangers, 50, sitting, bundle.front_end)
    assert refused.value.reason is TrainReason.TOO_FEW_PEOPLE
    assert "\n" not in str(refused.value)


def test_sessions_are_chosen_as_asked(bundle: Bundle) -> None:
    recordings = [
        Recording(wearer_recording("ada", 5.0).ppg, 125.0, "ada", session, session)
        for session in ("week1_session1", "week1_session2", "week2_session1")
    ]
    settings = Settings(enrol_sessions=("week1_session1",), probe_sessions=("week2",))
    lines = sit("w", settings, recordings, bundle.front_end, windowed=False).lines
    assert [line.session for line in lines] == ["week1_session1", "week2_session1"]


def test_every_model_is_timed_in_every_round(int8: Model) -> None:
    called: list[str] = []
    models = [replace(int8, name=name, call=lambda _, own=name: called.append(own)) for name in ("a", "b")]
    assert all(one >= 0.0 for one in milliseconds(models, np.zeros((3, 300), np.float32)))
    assert called == (["a"] * 100 + ["b"] * 100) * 5
