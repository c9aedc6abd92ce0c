"""Rows from the results of `make check-arm`: the worst place counts, and all have to be there."""

import copy
import json
import math
from typing import Any

import pytest

from tests.arm.cores import CORES
from tests.arm.debian import RELEASES
from tests.arm.results import Row as ArmRow
from tests.arm.results import _json
from tests.proof.reading_arm import CHECKS, ROOM, arm
from tests.proof.rows import ProofError, Row, Verdict

INT8 = "litert_int8: answers unlike x86's"
START = "start: instructions until ready to decide"


def not_holding(rows: Any) -> dict[str, Verdict]:
    return {row.what: row.verdict for row in rows if row.verdict not in (Verdict.HOLDS, Verdict.UNBOUND)}


def arm_rows() -> list[ArmRow]:
    rows = []
    for release in RELEASES:
        for check in CHECKS:
            wheres = [release.python] if check == ROOM else [f"{release.python} {core.name}" for core in CORES]
            rows += [ArmRow(check, where, 5.0, "u", "<=", 9.0) for where in wheres]
    return rows


def as_result(rows: list[ArmRow]) -> dict[str, Any]:
    return {"wheel_sha256": "w", "rows": json.loads(json.dumps([_json(row) for row in rows]))}


def row_of(rows: Any, what: str) -> Row:
    (found,) = (row for row in rows if row.what == what)
    return found


def test_all_places_of_a_check_hold_or_it_does_not() -> None:
    rows = arm_rows()
    assert not_holding(arm(as_result(rows))) == {}
    for index in range(0, len(rows), 4):
        one = rows[index]
        for value in (9.5, math.nan):
            changed = [*rows[:index], ArmRow(one.check, one.where, value, "u", "<=", 9.0), *rows[index + 1 :]]
            assert not_holding(arm(as_result(changed))) == {f"ARM, {one.check}": Verdict.SHORT}


def test_the_worst_place_is_told() -> None:
    rows = [row for row in arm_rows() if row.check != START]
    places = [(f"{release.python} {core.name}") for release in RELEASES for core in CORES]
    for sense, worst in (("<=", 1005), (">=", 1000)):
        told = row_of(
            arm(as_result([*rows, *(ArmRow(START, p, 1000.0 + i, "u", sense, 1002) for i, p in enumerate(places))])),
            f"ARM, {START}",
        )
        assert told.measured.startswith(f"{worst:,} u at worst (Python {places[worst - 1000]})")
        holding = sum(1000 + i <= 1002 if sense == "<=" else 1000 + i >= 1002 for i in range(len(places)))
        assert told.measured.endswith(f"; {holding} of {len(places)} hold")
        assert told.command == 'make check-arm ONLY="start"'


def test_a_place_that_is_missing_and_a_check_that_is_are_told() -> None:
    rows = [row for row in arm_rows() if row.check != "replay: samples lost"]
    rows.remove(next(row for row in rows if row.check == INT8))
    assert not_holding(arm(as_result(rows))) == {
        f"ARM, {INT8}": Verdict.IN_PART,
        "ARM, replay: samples lost": Verdict.MISSING,
    }


def test_a_check_that_broke_off_is_a_row_and_one_that_ended_is_none() -> None:
    name = "demo: ended as it should"
    ended = [*arm_rows(), ArmRow(name, "3.11 cortex-a53", 1, "", ">=", 1)]
    broken = [*arm_rows(), ArmRow(name, "3.11 cortex-a53", 0, "", ">=", 1, "status 2")]
    assert not_holding(arm(as_result(ended))) == {}
    assert not_holding(arm(as_result(broken))) == {f"ARM, {name}": Verdict.SHORT}


def test_a_verdict_that_its_value_does_not_give_is_an_error() -> None:
    result = as_result(arm_rows())
    result["rows"][0]["value"] = 99.0
    with pytest.raises(ProofError, match="says 'ok'"):
        list(arm(result))
    for bad in (None, 3, {"check": "a"}):
        broken = copy.deepcopy(result)
        broken["rows"] = [bad]
        with pytest.raises(ProofError):
            list(arm(broken))
