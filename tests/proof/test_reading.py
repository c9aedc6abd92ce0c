"""Rows from results: what falls short, what is missing, and what has another shape than its command gives it."""

import json
import math
from typing import Any

import pytest

from device.soak.injecting import ALL_FAULTS
from tests.proof import reading
from tests.proof.collecting import coverage_of, json_of, junit_of, mutants_of, soak_of, wheel_checks_of
from tests.proof.rows import ProofError, Verdict


def verdicts(rows: Any) -> dict[str, str]:
    return {row.what: row.verdict.value for row in rows}


def not_holding(rows: Any) -> dict[str, Verdict]:
    return {row.what: row.verdict for row in rows if row.verdict not in (Verdict.HOLDS, Verdict.UNBOUND)}


def soak() -> dict[str, Any]:
    return {
        "signal_s": 86400.5,
        "kept_speed": 50.01,
        "befell": dict.fromkeys(ALL_FAULTS, 3),
        "checks": [
            {"name": "windows lost outside the gaps", "found": "0 of 9", "wanted": "0", "holds": True},
            {"name": "threads left open", "found": "+0", "wanted": "none", "holds": True},
        ],
    }


def test_a_whole_soak_holds() -> None:
    assert not_holding(reading.soak(soak())) == {}
    assert len(list(reading.soak(soak()))) == 3 + 2


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("signal_s", 86399.0, "soak: signal"),
        ("kept_speed", 3.7, "soak: speed"),
        ("befell", dict.fromkeys(ALL_FAULTS[1:], 1), "soak: faults that befell it"),
        ("befell", dict.fromkeys(ALL_FAULTS, 1) | {ALL_FAULTS[0]: 0}, "soak: faults that befell it"),
    ],
)
def test_a_soak_that_is_less_falls_short(key: str, value: Any, what: str) -> None:
    assert not_holding(reading.soak(soak() | {key: value})) == {what: Verdict.SHORT}


def test_a_check_of_the_soak_is_taken_at_its_word() -> None:
    result = soak()
    result["checks"][0]["holds"], result["checks"][1]["holds"] = False, None
    assert not_holding(reading.soak(result)) == {
        "soak: windows lost outside the gaps": Verdict.SHORT,
        "soak: threads left open": Verdict.MISSING,
    }


def test_of_a_soaks_looks_at_memory_every_tenth_is_kept() -> None:
    assert soak_of(json.dumps(soak() | {"looks": list(range(25))})) == soak() | {"looks": [0, 10, 20]}


@pytest.mark.parametrize("checks", [[], {}, None, [{"name": "a", "found": "", "wanted": "", "holds": "yes"}], [{}]])
def test_a_soak_of_another_shape_is_an_error(checks: Any) -> None:
    with pytest.raises(ProofError):
        list(reading.soak(soak() | {"checks": checks}))


def overload() -> dict[str, Any]:
    loads = {
        name: {"lost": 0, "samples": 7500, "port_discarded_bytes": 0, "behind_s": 0.1} for name in reading.OVERLOADS
    }
    tabs = {name: {"let_go_after_s": 9.5, "port_discarded_bytes": 0, "rss_grown_mb": 0.4} for name in reading.TABS}
    return loads | tabs


def test_an_overload_holds_where_nothing_is_lost_or_kept() -> None:
    assert not_holding(reading.overload(overload())) == {}


@pytest.mark.parametrize("key", ["lost", "port_discarded_bytes", "behind_s"])
def test_one_lost_sample_or_byte_falls_short(key: str) -> None:
    for name in reading.OVERLOADS:
        result = overload()
        result[name][key] = 2
        assert not_holding(reading.overload(result)) == {f"overload, {name}": Verdict.SHORT}


def test_a_tab_that_is_kept_falls_short_and_a_case_that_is_missing_is_told() -> None:
    result = overload()
    result[reading.TABS[1]]["let_go_after_s"] = None
    del result["slow disk: record"], result[reading.TABS[0]]
    assert not_holding(reading.overload(result)) == {
        "overload, slow disk: record": Verdict.MISSING,
        f"overload, {reading.TABS[0]}": Verdict.MISSING,
        f"overload, {reading.TABS[1]}": Verdict.SHORT,
    }


def test_fuzzing_holds_only_with_all_its_streams() -> None:
    figures = {"streams": 10**6, "broken": [], "most_missing": 1, "accepted": 1, "damaged": 2_170_000}
    guided = figures | {"coverage_guided": dict.fromkeys(reading.FUZZED, 0)}
    assert not_holding(reading.fuzz(guided)) == {}
    assert set(not_holding(reading.fuzz(figures)).values()) == {Verdict.MISSING}
    for key, value in (("streams", 10**6 - 1), ("broken", [7]), ("most_missing", 2)):
        assert list(not_holding(reading.fuzz(guided | {key: value})).values()) == [Verdict.SHORT]
    guided["coverage_guided"]["link"] = 77
    assert not_holding(reading.fuzz(guided)) == {"fuzz by coverage: link": Verdict.SHORT}


def test_coverage_counts_branches_alone_and_all_packages() -> None:
    files = dict.fromkeys(reading.PACKAGES, 3)
    totals = {"num_branches": 1000, "covered_branches": 920, "num_statements": 3000, "covered_lines": 3000}
    first, second = reading.coverage({"files": files, "totals": totals})
    assert (first.verdict, first.measured) == (Verdict.HOLDS, "92 % of 1,000")
    assert second.measured == "98 %"
    short, _ = reading.coverage({"files": files, "totals": totals | {"covered_branches": 919}})
    assert short.verdict is Verdict.SHORT
    with pytest.raises(ProofError, match="train"):
        list(reading.coverage({"files": {name: 3 for name in files if name != "train"}, "totals": totals}))
    with pytest.raises(ProofError, match="--branch"):
        list(reading.coverage({"files": files, "totals": totals | {"num_branches": 0}}))


def test_of_a_coverage_report_its_totals_are_kept_and_the_number_of_files() -> None:
    totals = {"num_branches": 4, "covered_branches": 3}
    files = {name: {"executed_lines": [1, 2]} for name in ("device/a.py", "device/b/c.py", "train/a.py")}
    report = {"meta": {}, "files": files, "totals": totals}
    assert coverage_of(json.dumps(report)) == {"totals": totals, "files": {"device": 2, "train": 1}}
    for other in ("[]", "{}", '{"files": 3, "totals": {}}', '{"files": {}}'):
        with pytest.raises(ProofError, match=r"no report of coverage\.py"):
            coverage_of(other)


def test_the_wheels_checks_are_read_line_by_line() -> None:
    text = (
        "WARNING: passed: nothing\npassed: wheels, by hash (66 s)\nFAILED: Python 3.11.7: tests (606 s)\n"
        "passed: Python 3.11.7, oldest packages: tests (700 s)\npassed: Python 3.12.1: tests (800 s)\n"
        "not here, so not checked: Python 3.13\n"
    )
    assert verdicts(reading.wheel(wheel_checks_of(text))) == {
        "wheel, wheels, by hash": "holds",
        "wheel, Python 3.11.7: tests": "falls short",
        "wheel, Python 3.11.7, oldest packages: tests": "holds",
        "wheel, Python 3.12.1: tests": "holds",
        "wheel, Python 3.13": "not measured",
    }


def test_a_check_of_the_wheel_that_was_cut_lacks_the_oldest_packages() -> None:
    rows = reading.wheel(wheel_checks_of("passed: wheels, by hash (66 s)\n"))
    missing = ("Python 3.11", "Python 3.12", "Python 3.13", "oldest packages: tests")
    assert not_holding(rows) == {f"wheel, {what}": Verdict.MISSING for what in missing}
    with pytest.raises(ProofError):
        wheel_checks_of("rc 143\n")


def told_of_mutants(killed: int, tried: int, every: int) -> str:
    return (
        f"{{}}: {killed} of {tried} killed (0 by time), 50%, 95 % interval 40% to 60%; "
        f"sample of {every} mutants, seed 1"
    )


def test_mutants_hold_in_every_module_and_in_enough_of_them() -> None:
    for killed, tried, every, verdict in (
        (34, 40, 300, Verdict.HOLDS),
        (33, 40, 300, Verdict.SHORT),
        (29, 29, 300, Verdict.IN_PART),
        (20, 29, 300, Verdict.SHORT),
        (12, 12, 12, Verdict.HOLDS),
    ):
        line = told_of_mutants(killed, tried, every)
        text = "\n".join(["  survived: a.py:3", *(line.format(name) for name in reading.TARGETS)])
        rows = list(reading.mutants(mutants_of(text)))
        assert [row.verdict for row in rows] == [verdict] * len(reading.TARGETS)
        assert rows[0].measured == f"{killed} of {tried}, sampled of {every}: {100 * killed / tried:.3g} % [40, 60]"


def test_a_module_without_mutants_is_told() -> None:
    first, *others = reading.TARGETS
    rows = list(reading.mutants(mutants_of(told_of_mutants(40, 40, 300).format(first))))
    assert [row.what for row in rows if row.verdict is Verdict.MISSING] == [
        f"mutants of {name} that tests kill" for name in others
    ]
    with pytest.raises(ProofError):
        mutants_of("its tests fail without any mutant")


def junit(*cases: tuple[str, str]) -> str:
    inside = "".join(
        f'<testcase classname="tests.packaging.{module}" name="{test}">{tag}</testcase>'
        for name, tag in cases
        for module, test in [name.split("::")]
    )
    return f"<testsuites><testsuite>{inside}</testsuite></testsuites>"


def test_tests_outcomes_are_counted_by_test() -> None:
    text = junit(("test_a::test_x[1]", ""), ("test_a::test_x[2]", "<failure/>"), ("test_b::test_y", "<skipped/>"))
    assert junit_of(text) == {
        "test_a::test_x": {"passed": 1, "failed": 1, "skipped": 0},
        "test_b::test_y": {"passed": 0, "failed": 0, "skipped": 1},
    }
    for bad in ("", "<testsuites/>", "no xml"):
        with pytest.raises(ProofError):
            junit_of(bad)


def test_a_claim_holds_if_all_its_tests_ran_and_passed() -> None:
    read = reading.of_tests({"one": ("test_a::test_x",), "two": ("test_b",), "three": ("test_b::test_z",)})
    fine = [("test_a::test_x[1]", ""), ("test_b::test_y", ""), ("test_b::test_z", "")]
    assert not_holding(read(junit_of(junit(*fine)))) == {}
    assert not_holding(read(junit_of(junit(*fine[:2])))) == {"three": Verdict.MISSING}
    assert [row.measured for row in read(junit_of(junit(*fine[:2])))] == [
        "1 passed",
        "1 passed",
        "not run: test_b::test_z",
    ]
    skipped = [*fine[1:], ("test_a::test_x[1]", "<skipped/>")]
    assert not_holding(read(junit_of(junit(*skipped)))) == {"one": Verdict.MISSING}
    failed = [*fine, ("test_b::test_y", "<error/>")]
    assert not_holding(read(junit_of(junit(*failed)))) == {"two": Verdict.SHORT}
    # Of another name that begins alike, nothing is claimed.
    assert not_holding(read(junit_of(junit(*fine[1:], ("test_a::test_xy", ""))))) == {"one": Verdict.MISSING}


def test_rates_are_held_against_what_was_asked_for() -> None:
    rates = {"eer": 0.02, "eer_ci95": [0.01, 0.04]}
    attempts = {"fmr": 0.01, "fmr_ci95": [0.002, 0.02], "fnmr": 0.03, "fnmr_ci95": None}
    result = {
        "model_id": "m", "precision": "int8", "fmr": 0.01, "attempts": attempts, "decisions": {"12": rates}
    }  # fmt: skip
    rows = list(reading.evaluate(result))
    assert [(row.measured, row.verdict.value) for row in rows] == [
        ("1 % [0.2, 2]", "holds"),
        ("3 %", "no bound"),
        ("2 % [1, 4]", "no bound"),
    ]
    result["attempts"] = attempts | {"fmr": 0.0101}
    assert next(reading.evaluate(result)).verdict is Verdict.SHORT
    result["attempts"] = None
    with pytest.raises(ProofError):
        list(reading.evaluate(result))


def test_latency_is_held_against_its_limit() -> None:
    result = {"limit_ms": 10.0, "p99_ms": 10.0, "p50_ms": 0.4, "frames": 1500}
    assert next(reading.latency(result)).verdict is Verdict.HOLDS
    assert next(reading.latency(result | {"p99_ms": 10.1})).verdict is Verdict.SHORT


@pytest.mark.parametrize("value", [None, "3", True, math.nan, math.inf])
def test_what_is_no_number_is_an_error(value: Any) -> None:
    result = {"cpu_share_of_one_core": 0.02, "peak_rss_mb": 64.0, "help_s_median_of_9": 0.05}
    assert len(list(reading.live(result))) == 3
    for key in result:
        with pytest.raises(ProofError, match=key):
            list(reading.live(result | {key: value}))
    with pytest.raises(ProofError):
        json_of("{")
