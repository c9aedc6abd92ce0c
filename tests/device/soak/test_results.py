"""What a soak came to, in words, in JSON and as an exit status; and misuse of its command."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from device.cli import main
from device.soak.comparing import Compared
from device.soak.resources import Growth
from device.soak.results import STOPPED, Results, table
from device.soak.running import Soak, SoakPlan
from device.soak.witness import Witnessed
from firmware_bridge import LinkStatistics


@pytest.fixture
def found() -> Results:
    """The results of a run in which nothing happened."""
    return Results(
        plan_s=3600.0,
        speed=50.0,
        seed=0,
        signal_s=3600.0,
        wall_s=72.0,
        ended="",
        befell={"nack": 3},
        link=LinkStatistics(9, 0, 0, 0, 125.0),
        witnessed=Witnessed(),
        compared=Compared(decisions=9),
        windows_due=7,
        windows_lost=0,
        growth=Growth(0, 0, 0),
        looks=(),
    )


def test_what_must_hold_holds_or_is_said_not_to(found: Results) -> None:
    assert found.all_hold
    assert "FAILS" not in table(found)
    assert "50.0 times real time\n" in table(found)
    assert "45.0 times real time, of 50 that were asked for" in table(replace(found, wall_s=80.0))
    for wrong in (
        replace(found, ended="the board is gone"),
        replace(found, growth=Growth(1_000_000, 0, 0)),
        replace(found, growth=Growth(0, 1, 0)),
        replace(found, growth=Growth(0, 0, 1)),
        replace(found, windows_lost=1),
        replace(found, witnessed=replace(found.witnessed, altered=1)),
        replace(found, witnessed=replace(found.witnessed, open_unworn=1)),
        replace(found, compared=replace(found.compared, windows_lost=1)),
        replace(found, compared=replace(found.compared, differing=1)),
        replace(found, compared=replace(found.compared, decisions=0)),
    ):
        assert not wrong.all_hold
        assert table(wrong).count("FAILS") == 1
        assert wrong.to_json()["all_hold"] is False


def test_what_cannot_be_told_is_not_held_against_it(found: Results) -> None:
    for short in (
        replace(found, growth=None),
        replace(found, ended=STOPPED, compared=replace(found.compared, decisions=0)),
        replace(found, signal_s=60.0, wall_s=1.2, compared=replace(found.compared, decisions=0)),
    ):
        assert short.all_hold
        assert [check["holds"] for check in short.to_json()["checks"]].count(None) >= 1


@pytest.mark.parametrize("holds", [True, False])
def test_the_command_tells_by_its_status(
    holds: bool, found: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = found if holds else replace(found, windows_lost=1)
    plans: list[SoakPlan] = []
    monkeypatch.setattr(Soak, "__init__", lambda self, plan, *_: plans.append(plan))
    monkeypatch.setattr(Soak, "run", lambda self, progress=None: results)
    words = ["soak", "--hours", "2", "--faults", "nack,unplug", "--seed", "7", "--json", str(tmp_path / "out.json")]
    assert main(words) == (0 if holds else 1)
    assert plans == [SoakPlan(7200.0, 50.0, 7, ("nack", "unplug"))]
    assert capsys.readouterr().out == table(results) + "\n"
    assert json.loads((tmp_path / "out.json").read_text())["befell"] == {"nack": 3}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--faults", "nack,gremlins"), "no fault 'gremlins'"),
        (("--faults", ""), "no fault ''"),
        (("--hours", "0"), "'0' is not a number above 0"),
        (("--speed", "1001"), "--speed should be at most 1000, not 1001"),
        (("--json", "/nowhere/out.json"), "cannot write /nowhere/out.json"),
    ],
)
def test_misuse_is_told_in_a_line(words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soak", *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
