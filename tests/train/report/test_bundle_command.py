"""``pulsekey report --bundle`` on simulated wearers, from the command line to the three files."""

import json
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from device import cli
from device.bundle import load_bundle
from device.embedders import load_embedder
from device.evaluation import Settings, evaluate
from tests.train.report.bundle_recordings import write_bidmc, write_one_month
from tests.train.report.test_report import Page
from train.cohorts import read_bidmc, write_cohort
from train.report.as_markdown import escaped

PEOPLE = [
    ("s00001", "M", "40"),
    ("s00002", "F", "50"),
    ("s00003", "M", "60"),
    ("s00004", "F", "90+"),
    ("s00005", "M", "NaN"),
]
MODEL = "fcn-x0.25"
# The whole command, and evaluate four times: seconds of work, but minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Made:
    data: Path
    out: Path
    said: str
    figures: dict[str, Any]
    page: str
    tables: str

    @property
    def model(self) -> dict[str, Any]:
        (only,) = self.figures["bundles"]
        return dict(only)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    data, out = tmp_path_factory.mktemp("recordings"), tmp_path_factory.mktemp("out") / "new"
    write_bidmc(data / "bidmc", PEOPLE, seconds=130.0)
    write_one_month(data / "one_month" / "one_month.npz", people=3, rows=10)
    said = StringIO()
    with redirect_stdout(said):
        assert cli.main(["report", "--bundle", MODEL, "--data", str(data), "--out", str(out)]) == 0
    files = [(out / f"models.{end}").read_text("utf-8") for end in ("json", "html", "md")]
    return Made(data, out, said.getvalue(), json.loads(files[0]), files[1], files[2])


def test_the_files_are_named_and_what_is_missing_too(made: Made) -> None:
    lines = made.said.splitlines()
    assert lines[:3] == [str(made.out / f"models.{end}") for end in ("html", "md", "json")]
    assert lines[3] == "1 model, stress_predict/stress_predict.npz missing"
    assert sorted(path.name for path in made.out.iterdir()) == ["models.html", "models.json", "models.md"]
    assert made.figures["sets_missing"] == ["stress_predict"]
    missing = "Missing, and so not measured: Stress-Predict (stress_predict/stress_predict.npz)."
    assert escaped(missing) in made.tables
    assert missing in made.page
    assert "set missing" in made.tables


def test_figures_are_those_of_evaluate(made: Made, tmp_path: Path) -> None:
    bundle = load_bundle(Path(MODEL))
    embedder = load_embedder(bundle)
    write_cohort(tmp_path / "bidmc.npz", [one.recording for one in read_bidmc(made.data / "bidmc")])
    month = made.data / "one_month" / "one_month.npz"
    both = "week1_session1", "week1_session2"
    for key, path, settings in (
        ("bidmc_same_recording", tmp_path / "bidmc.npz", Settings()),
        ("one_month_same_day", month, Settings(enrol_sessions=both[:1], probe_sessions=both[1:])),
        ("one_month_other_day", month, Settings(enrol_sessions=("week1",), probe_sessions=("week2",))),
        ("one_month_other_day_two_sessions", month, Settings(enrol_sessions=both, probe_sessions=("week2",))),
    ):
        expected = json.loads(json.dumps(evaluate(bundle, embedder, path, settings).to_json()))
        found = made.model["conditions"][key]
        assert expected["attempts"]["mated"] > 0
        del expected["cohort"]
        assert {name: found[name] for name in expected} == expected


def test_every_session_is_told_against_the_first(made: Made) -> None:
    ages = made.model["ageing"]
    assert [one["session"] for one in ages] == ["week1_session1", "week1_session2", "week2_session1", "week2_session2"]
    month = made.model["conditions"]["one_month_same_day"]
    assert ages[1]["over_12_s"] == month["decisions"]["12"]
    assert ages[1]["attempts"] == month["attempts"]
    assert "Ageing of one session's template" in made.page.replace("&#39;", "'")


def test_people_are_named_and_their_attempts_add_up(made: Made) -> None:
    for one in made.model["conditions"].values():
        attempts, persons = one["attempts"], one["persons"]
        assert len(persons) == one["enrolled"]
        assert sum(person["attempts"] for person in persons) == attempts["mated"]
        assert sum(person["refused"] for person in persons) == round(attempts["fnmr"] * attempts["mated"])
        assert sum(person["taken_for_others"] for person in persons) == attempts["false_matches"]
        assert sum(person["others_taken"] for person in persons) == attempts["false_matches"]
        times = one["seconds_to_answer"]
        assert times["accepted_s"]["0.5"] == attempts["median_accept_s"]
        assert times["accepted_s"]["count"] + times["refused_s"]["count"] == attempts["mated"]
    assert "s00003" in made.tables


def test_columns_say_what_they_compare_and_with_which_sensor(made: Made) -> None:
    assert "same recording: BIDMC, finger clip |" in made.tables
    for title in ("same day", "other day", "other day, two sessions enrolled"):
        assert f"{title}: One-Month Wrist, wrist (OTHER SENSOR) |" in made.tables
    assert f"{escaped(made.model['model_id'])}: OTHER SENSOR in Stress-Predict, One-Month Wrist." in made.tables
    heads = [line for line in made.tables.splitlines() if "same recording: BIDMC" in line and line.startswith("|")]
    assert len(heads) == 4  # models compared, comparisons, attempts, operating points
    for head in heads:
        assert [head.index(word) for word in ("BIDMC", "Stress-Predict", "same day", "other day")] == sorted(
            head.index(word) for word in ("BIDMC", "Stress-Predict", "same day", "other day")
        )


def test_a_rate_that_few_people_cannot_tell_is_left_out_with_the_reason(made: Made) -> None:
    assert made.model["conditions"]["one_month_same_day"]["decisions"]["12"]["fnmr_at_fmr_0.01"] is None
    assert "One-Month Wrist: 3 people cannot tell an FMR below 100.0 % (rule of three over their pairs)" in made.tables


def test_what_the_card_says_of_use_is_on_the_page(made: Made) -> None:
    assert "no lock for anything that matters without a second factor" in made.page
    assert made.model["card"].keys() == {"Intended use"}


def test_the_page_loads_nothing_and_names_every_part_once(made: Made) -> None:
    page = Page(made.page)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert "script" not in page.tags
    assert page.tags.count("svg") >= 4
    assert not re.search(r"https?://", made.page)
    assert all(page.alts)
    assert "`models.html`" in made.tables
    assert "report.html" not in made.tables


def test_looks_are_those_of_the_file(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(made.figures["looks"]) > 5
    assert "while the first recipe" in made.tables
    bad = tmp_path / "looks.toml"
    bad.write_text("[[look]]\n")
    command = ["report", "--bundle", MODEL, "--data", str(made.data), "--out", str(tmp_path / "out")]
    assert cli.main([*command, "--test-looks", str(bad)]) == 2
    assert "look 1: on must be a day" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name the folder of a run, or a bundle with --bundle"),
        (["runs", "--bundle", MODEL, "--data", "."], "two reports"),
        (["--bundle", MODEL], "--bundle needs --data"),
        (["runs", "--data", "."], "belong to --bundle"),
        (["runs", "--test-looks", "looks.toml"], "belong to --bundle"),
        (["--bundle", MODEL, "--data", "nowhere"], "no folder nowhere; give --data the folder that holds bidmc, "),
        (["--bundle", MODEL, "--data", "empty"], "holds none of bidmc, "),
        (["--bundle", "no-such", "--data", "empty"], "no bundle at no-such"),
        (["--bundle", MODEL, "--bundle", MODEL, "--data", "empty"], "give each model once"),
        (["--bundle", MODEL, "--data", "empty", "--out", "file"], "give another --out"),
        (["--bundle", MODEL, "--data", "empty", "--out", "taken"], "cannot write"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "models.md").mkdir(parents=True)
    assert cli.main(["report", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert shown.err.count("\n") == 1
