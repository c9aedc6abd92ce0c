import shutil

import pytest

from tests.train.report.conftest import Maker, change
from train.errors import TrainError, TrainReason
from train.protocols.config import Protocol
from train.report.experiments import Experiment, group, main_pair, of_test, partner
from train.report.runs import find_runs


def experiments_of(make: Maker) -> list[Experiment]:
    return group(find_runs([make.folder])[0])


def test_seeds_are_repetitions_whatever_their_threads(make: Maker) -> None:
    make("none", 2)
    change(make("none", 1), "config", "threads", to=1)
    (one,) = experiments_of(make)
    assert one.seeds == "2 (1, 2)"
    assert one.label == "PPG alone"


@pytest.mark.parametrize("what", ["width", "network", "kind", "stage", "config"])
def test_what_is_another_experiment(make: Maker, what: str) -> None:
    other = {
        "width": {"width": 0.5},
        "network": {"network": "resnet34"},
        "kind": {"kind": "subject-wise"},
        "stage": {"stage": "tune"},
        "config": {"config": {"schedule": {"epochs": 9}}, "name": "longer"},
    }[what]
    make("none", 1)
    make("none", 2, **other)  # type: ignore[arg-type]
    assert len(experiments_of(make)) == 2


def test_rows_that_look_alike_are_told_apart_by_name(make: Maker) -> None:
    make("none", name="short")
    make("none", name="long", config={"schedule": {"epochs": 9}})
    make("proposed")
    assert {one.label for one in experiments_of(make)} == {"PPG alone [long]", "PPG alone [short]", "proposed"}


def test_one_seed_twice_is_refused(make: Maker) -> None:
    folder = make("none")
    shutil.copytree(folder, make.folder / "copy")
    with pytest.raises(TrainError, match="one experiment with one seed") as caught:
        experiments_of(make)
    assert caught.value.reason is TrainReason.BAD_CONFIG


def test_order_and_names(make: Maker) -> None:
    for method in ("mystery", "no-cka", "proposed", "teacher", "crd", "none"):
        make(method)
    make("none", network="mobilenetv1")
    make("none", network="own<net>", width=0.5)
    assert [(one.first.network.name, one.label) for one in experiments_of(make)] == [
        ("mobilenetv1", "PPG alone"),
        ("shufflenetv1", "PPG alone"),
        ("shufflenetv1", "proposed"),
        ("shufflenetv1", "teacher (ECG)"),
        ("shufflenetv1", "CRD"),
        ("shufflenetv1", "proposed without CKA"),
        ("shufflenetv1", "mystery"),
        ("own<net>", "PPG alone"),
    ]


def test_a_partner_has_the_same_network_protocol_and_stage(make: Maker) -> None:
    make("proposed")
    for other in ({"width": 0.5}, {"network": "resnet34"}, {"kind": "subject-wise"}, {"stage": "tune"}):
        make("none", **other)  # type: ignore[arg-type]
    make("none", 2)
    experiments = experiments_of(make)
    (proposed,) = (one for one in experiments if one.method == "proposed")
    assert partner(proposed, experiments, "none") is None


def test_a_partner_may_pair_the_ecg_otherwise_and_trains_alike_where_it_can(make: Maker) -> None:
    protocol = {"kind": "sample-wise", "stage": "test", "min_good": 0.5, "align_delay": True}
    make("proposed", config={"protocol": protocol})
    make("none", name="a-longer", config={"schedule": {"epochs": 9}})
    make("none", name="b-alike")
    experiments = experiments_of(make)
    (proposed,) = (one for one in experiments if one.method == "proposed")
    found = partner(proposed, experiments, "none")
    assert found is not None
    assert found.first.name == "b-alike"


def test_tuning_is_never_among_tests(make: Maker) -> None:
    make("none")
    make("none", stage="tune", name="tuned")
    tested = of_test(experiments_of(make), Protocol.SAMPLE_WISE)
    assert [one.first.stage for one in tested] == ["test"]


def test_the_main_pair_is_of_the_lowest_common_seed_that_has_predictions(make: Maker) -> None:
    for seed in (1, 2, 3):
        make("none", seed, predictions=seed > 1)
        make("proposed", seed, predictions=True)
        make("none", seed, network="mobilenetv1")
        make("proposed", seed, network="mobilenetv1")
    make("no-cka")
    pair = main_pair(experiments_of(make))
    assert pair is not None
    assert [(run.method, run.seed, run.network.name) for run in pair] == [
        ("none", 2, "shufflenetv1"),
        ("proposed", 2, "shufflenetv1"),
    ]


def test_no_pair_without_predictions(make: Maker) -> None:
    make("none", predictions=False)
    make("proposed")
    assert main_pair(experiments_of(make)) is None
