import statistics

import numpy as np
import pytest

from tests.train.report.conftest import Maker, change
from train.protocols.config import Protocol
from train.report.ablation import ablation_table
from train.report.confusion import confusion_table
from train.report.experiments import Experiment, group, main_pair, of_test
from train.report.paired import gain_over
from train.report.predictions import read_predictions
from train.report.runs import Run, find_runs
from train.report.tables import Table, cost_table, more_shots_table, seen_table, tuning_table, unseen_table
from train.report.wording import points, spread

SEEN, UNSEEN = Protocol.SAMPLE_WISE, Protocol.SUBJECT_WISE


def of_kind(make: Maker, kind: Protocol) -> list[Experiment]:
    return of_test(group(find_runs([make.folder])[0]), kind)


def cell(table: Table, row: int, column: str) -> str:
    return table.rows[row][table.head.index(column)]


def oa(run: Run) -> float:
    assert run.seen is not None
    return run.seen.oa


def test_seen_people(make: Maker) -> None:
    for seed in (1, 2, 3):
        make("none", seed, noise=1.2)
        make("proposed", seed, noise=0.9)
    make("teacher", noise=0.3)
    experiments = of_kind(make, SEEN)
    table = seen_table(experiments)
    assert [row[:4] for row in table.rows] == [
        ("ShuffleNetV1", "0.25", "PPG alone", "3 (1, 2, 3)"),
        ("ShuffleNetV1", "0.25", "proposed", "3 (1, 2, 3)"),
        ("ShuffleNetV1", "0.25", "teacher (ECG)", "1 (1)"),
    ]
    values = [oa(run) for run in experiments[1].runs]
    expected = f"{100 * sum(values) / 3:.2f} ± {100 * statistics.stdev(values):.2f}"
    assert cell(table, 1, "OA %") == expected
    f1 = [run.macro_f1 for run in experiments[0].runs]
    assert cell(table, 0, "Macro F1 %") == f"{100 * sum(f1) / 3:.2f} ± {100 * statistics.stdev(f1):.2f}"
    gains = [oa(one) - oa(other) for one, other in zip(experiments[1].runs, experiments[0].runs, strict=True)]
    assert cell(table, 1, "Gain in OA, points") == points(sum(gains) / 3)
    assert cell(table, 1, "Gains of the seeds") == f"{points(min(gains))} to {points(max(gains))}"
    gain = gain_over(experiments[1], experiments[0])
    assert gain.interval is not None
    assert cell(table, 1, "95 % interval") == f"{points(gain.interval[0])} to {points(gain.interval[1])}"
    for row in (0, 2):  # neither the baseline nor a teacher, who reads another signal, has a gain over it
        assert set(table.rows[row][-3:]) == {"–"}  # noqa: RUF001
    assert "±" not in cell(table, 2, "OA %")
    others = [run.every_rival_oa for run in experiments[0].runs]
    assert cell(table, 0, "OA %, every rival") == f"{100 * sum(others) / 3:.2f} ± {100 * statistics.stdev(others):.2f}"
    assert [note.split(";")[-1] for note in table.notes] == [" the column of every rival has no such exception."]


def test_widths_are_rows_of_their_own(make: Maker) -> None:
    make("none", width=0.25)
    make("none", width=1.0)
    make("proposed", width=1.0)
    table = seen_table(of_kind(make, SEEN))
    assert [row[:3] for row in table.rows] == [
        ("ShuffleNetV1", "0.25", "PPG alone"),
        ("ShuffleNetV1", "1", "PPG alone"),
        ("ShuffleNetV1", "1", "proposed"),
    ]


def test_a_gain_that_is_not_plain_is_explained(make: Maker) -> None:
    make("none", 1)
    make("none", 2)
    make("proposed", 1, config={"schedule": {"epochs": 9}})
    change(make("mystery", 1), "scores", "per_person", to=...)
    table = seen_table(of_kind(make, SEEN))
    notes = " ".join(table.notes)
    assert "ShuffleNetV1 0.25 proposed and PPG alone differ in more than the method: [schedule]" in notes
    assert "compared over their common seeds alone: 1." in notes
    assert "mystery and PPG alone have no interval" in notes
    assert cell(table, 2, "Gain in OA, points") != "–"  # noqa: RUF001
    assert cell(table, 2, "95 % interval") == "–"  # noqa: RUF001


def test_unseen_people(make: Maker) -> None:
    for seed in (1, 2):
        make("none", seed, kind="subject-wise", noise=1.5)
        make("proposed", seed, kind="subject-wise", noise=1.2)
    experiments = of_kind(make, UNSEEN)
    table = unseen_table(experiments)
    assert [(row[2], row[3]) for row in table.rows] == [
        (method, n) for method in ("PPG alone", "proposed") for n in ("1", "5", "10")
    ]
    for i, n in enumerate((1, 5, 10)):
        shots = [shot for run in experiments[1].runs for shot in run.shots if shot.n == n]
        assert cell(table, 3 + i, "OA %") == spread([shot.answers.oa for shot in shots])
        assert cell(table, 3 + i, "EER %") == spread([shot.eer for shot in shots])
        assert cell(table, 3 + i, "FNMR % at FMR 1 %") == spread([shot.fnmr for shot in shots])
        gain = [
            one.shots[i].answers.oa - other.shots[i].answers.oa
            for one, other in zip(experiments[1].runs, experiments[0].runs, strict=True)
        ]
        assert cell(table, 3 + i, "Gain in OA, points") == points(float(np.mean(gain)))
        assert cell(table, 3 + i, "95 % interval") != "–"  # noqa: RUF001


def test_more_shots(make: Maker) -> None:
    folders = [make("none", seed, kind="subject-wise", noise=1.5) for seed in (1, 2)]
    for folder, eers in zip(folders, ((0.3, 0.2, 0.25), (0.3, 0.25, 0.24)), strict=True):
        for i, eer in enumerate(eers):
            change(folder, "scores", "shots", i, "eer", to=eer)
    table = more_shots_table(of_kind(make, UNSEEN))
    assert [cell(table, i, "Step of N") for i in (0, 1)] == ["1 → 5", "5 → 10"]
    assert [cell(table, i, "Change of EER, points") for i in (0, 1)] == [points(-0.075), points(0.02)]
    assert [cell(table, i, "Seeds in which EER falls") for i in (0, 1)] == ["2 of 2", "1 of 2"]
    assert cell(table, 1, "On average").endswith("EER does not fall")


def test_an_n_that_not_all_runs_have_is_left_out(make: Maker) -> None:
    make("none", 1, kind="subject-wise")
    folder = make("proposed", 1, kind="subject-wise")
    change(folder, "scores", "shots", 2, "n", to=7)
    table = unseen_table(of_kind(make, UNSEEN))
    assert [cell(table, i, "N") for i in (3, 4, 5)] == ["1", "5", "7"]
    assert cell(table, 5, "Gain in OA, points") == "–"  # noqa: RUF001


def test_ablation(make: Maker) -> None:
    for seed in (1, 2):
        make("none", seed, noise=1.4)
        make("proposed", seed, noise=0.9)
        make("no-cka", seed, noise=1.4)
    make("no-mmd", 1, name="proposed-shufflenetv1-0.25-sample-wise-test-copy", noise=0.9)
    experiments = of_kind(make, SEEN)
    by_method = {one.method: one for one in experiments}
    table = ablation_table(experiments)
    modules = [cell(table, i, "Module") for i in range(len(table.rows))]
    assert modules == ["MMD of the alignment (L_rel)", "cross-knowledge assessment (CKA)", "all of it, over PPG alone"]
    without, with_ = ([oa(run) for run in by_method[name].runs] for name in ("no-cka", "proposed"))
    assert cell(table, 1, "OA % without") == f"{100 * sum(without) / 2:.2f}"
    assert cell(table, 1, "OA % with") == f"{100 * sum(with_) / 2:.2f}"
    assert cell(table, 1, "Gain in OA, points") == points((sum(with_) - sum(without)) / 2)
    assert cell(table, 1, "Contribution is") == "above 0"
    assert cell(table, 0, "Common seeds") == "1"


def test_a_module_that_does_not_help_is_said_in_a_sentence(make: Maker) -> None:
    make("proposed", name="same", noise=1.0)
    copy = make("no-clip", name="same-", noise=1.0)
    for key in ("scores", "people"):
        change(copy, key, to=find_scores(make, key))
    (copy / "predictions.npz").unlink()
    table = ablation_table(of_kind(make, SEEN))
    assert cell(table, 0, "Contribution is") == "not told apart from 0"
    assert any("InfoNCE (CLIP) of the alignment changes OA by 0.00 points" in note for note in table.notes)
    assert any("not told apart from 0" in note for note in table.notes)


def find_scores(make: Maker, key: str) -> object:
    import json

    return json.loads((make.folder / "same-s1" / "result.json").read_text())[key]


def test_an_ablation_without_the_whole_is_said(make: Maker) -> None:
    make("no-thing")
    table = ablation_table(of_kind(make, SEEN))
    assert table.rows == []
    assert "no-thing: no run of the whole method" in table.notes[0]


def test_confused_pairs(make: Maker) -> None:
    make("none", noise=2.0)
    make("proposed", noise=1.5)
    pair = main_pair(of_kind(make, SEEN))
    assert pair is not None
    given = [(run, read_predictions(run)) for run in pair]
    table = confusion_table(*given)  # type: ignore[arg-type]
    counts: list[dict[tuple[str, str], int]] = []
    for run, predictions in given:
        assert predictions is not None
        assert predictions.predicted is not None
        found: dict[tuple[str, str], int] = {}
        for true, named in zip(predictions.label, predictions.predicted, strict=True):
            if true != named:
                key = (run.people[true], run.people[named])
                found[key] = found.get(key, 0) + 1
        counts.append(found)
    both = [counts[0].get((row[0], row[1]), 0) + counts[1].get((row[0], row[1]), 0) for row in table.rows]
    assert len(table.rows) == 15
    assert both == sorted(both, reverse=True)
    everywhere = {key: counts[0].get(key, 0) + counts[1].get(key, 0) for key in counts[0].keys() | counts[1].keys()}
    assert both == sorted(everywhere.values(), reverse=True)[:15]
    for person, named, windows, first, second in table.rows:
        assert windows == str(make.windows)
        assert (int(first), int(second)) == tuple(one.get((person, named), 0) for one in counts)


def test_cost(make: Maker) -> None:
    make("none", 1)
    make("none", 3)
    table = cost_table(of_kind(make, SEEN))
    assert table.rows[0][3:] == (
        "none-shufflenetv1-0.25-sample-wise-test",
        "sample-wise",
        "241,048",
        "3,233,744",
        "62 to 64",
        "cpu",
        "2",
    )


def test_tuning(make: Maker) -> None:
    make("none", stage="tune", name="e10")
    make("none", stage="tune", name="e30", kind="subject-wise")
    table = tuning_table(group(find_runs([make.folder])[0]))
    assert [cell(table, i, "Scored on") for i in range(4)] == [
        "seen people",
        "unseen people, N = 1",
        "unseen people, N = 5",
        "unseen people, N = 10",
    ]


@pytest.mark.parametrize(("value", "text"), [(0.0283, "+2.83"), (-0.0283, "−2.83"), (-1e-9, "0.00"), (0.0, "0.00")])  # noqa: RUF001
def test_points(value: float, text: str) -> None:
    assert points(value) == text
