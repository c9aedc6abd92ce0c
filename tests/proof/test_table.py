"""The table and its page from given measurements: older, missing, failed; and the committed page beside its results."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.proof import measurement, prove, running
from tests.proof.claims import CLAIMS, Claim
from tests.proof.collecting import json_of
from tests.proof.measurement import ROOT, Measurement, digest, is_changed, read
from tests.proof.reading import latency
from tests.proof.rows import ProofError, Verdict
from tests.proof.table import OLDER, UNKNOWN, Proved, cells, counted, page, terminal

RESULT = {"limit_ms": 10.0, "p99_ms": 2.5, "p50_ms": 0.4, "frames": 1500}
CLAIM = Claim("latency", "latency of the link", "latency | it", (("python", "-c", ""),), latency, ("device/errors.py",))


def made(**changed: Any) -> Measurement:
    found = Measurement(
        "latency", "2026-01-02 03:04 UTC", "abc" * 10, False, "now", "a board", 0.5, "latency | it", 0, RESULT
    )
    return replace(found, **changed)


def test_a_row_says_whether_its_code_is_this() -> None:
    for code, age in (("now", ""), ("then", OLDER), ("", UNKNOWN)):
        (line,) = cells([Proved(CLAIM, made(code=code), "now")])
        assert line == (
            "frame to message through a pseudo-terminal",
            "p99 <= 10 ms",
            "p99 2.5 ms, median 0.4 ms of 1,500 frames",
            f"holds{age}",
            "latency | it",
        )
        assert cells([Proved(CLAIM, made(code=code), "now")], ages=False)[0][3] == "holds"


def test_what_is_missing_and_what_failed_are_rows() -> None:
    missing, failed = Proved(CLAIM, None, "now"), Proved(CLAIM, made(), "now", "it ended with status 2")
    assert [line[0::3] for line in cells([missing, failed])] == [
        ("latency of the link", "not measured"),
        ("latency of the link: measured anew", "not measured"),
        ("frame to message through a pseudo-terminal", "holds"),
    ]


def test_rows_are_counted_by_verdict() -> None:
    slow = made(result=RESULT | {"p99_ms": 11.0}, code="then")
    told = counted([Proved(CLAIM, made(), "now"), Proved(CLAIM, slow, "now"), Proved(CLAIM, None, "now")])
    assert (
        told
        == "3 rows; holds: 1, falls short: 1, not measured: 1. 1 are of other code than this, or of code not noted."
    )


def test_the_page_has_each_row_and_whence_it_comes() -> None:
    text = page([Proved(CLAIM, made(changed=True), "then")], "today", "f" * 40, "this | machine")
    rows = [line.replace("\\|", "/").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert [len(row) for row in rows] == [5, 5, 5, 4, 4, 4]
    assert rows[2][4] == "`latency / it` |"
    assert "abcabcabcabc, with changes that were not committed, of older code" in rows[5][2]
    assert rows[5][3] == "a board; load 0.5 |"


def test_columns_of_the_terminal_begin_at_one_place() -> None:
    lines = terminal([Proved(CLAIM, made(), "now"), Proved(CLAIM, None, "now")]).splitlines()
    assert len({line.index("latency | it") for line in lines[1:3]}) == 1
    assert lines[0].index("command") == lines[1].index("latency | it")


def test_a_result_of_another_shape_names_its_command() -> None:
    with pytest.raises(ProofError, match="result of latency: limit_ms is not in it; measure anew: latency"):
        Proved(CLAIM, made(result={}), "now")


def test_a_measurement_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read("latency", tmp_path) is None
    made().write(tmp_path)
    assert read("latency", tmp_path) == made()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "latency"}'])
def test_a_file_that_is_none_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "latency.json").write_text(text)
    with pytest.raises(ProofError, match=r"latency\.json"):
        read("latency", tmp_path)


def test_a_measurement_of_another_name_is_an_error(tmp_path: Path) -> None:
    made(name="live").write(tmp_path)
    (tmp_path / "live.json").rename(tmp_path / "latency.json")
    with pytest.raises(ProofError):
        read("latency", tmp_path)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "device").mkdir()
    (tmp_path / "device/a.py").write_text("one")
    (tmp_path / "other.py").write_text("two")
    (tmp_path / ".gitignore").write_text("ignored\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    for module in (measurement, running):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "other"),
    [
        (lambda root: (root / "device/a.py").write_text("changed"), True),
        (lambda root: (root / "device/a.py").unlink(), True),
        (lambda root: (root / "device/a.py").rename(root / "device/b.py"), True),
        (lambda root: (root / "device/new.py").write_text(""), True),
        (lambda root: (root / "device/ignored").write_text("x"), False),
        (lambda root: (root / "other.py").write_text("changed"), False),
    ],
)
def test_the_digest_changes_with_the_code_alone(checkout: Path, change: Callable[[Path], Any], other: bool) -> None:
    before = digest(("device",))
    change(checkout)
    assert (digest(("device",)) != before) is other


def test_a_result_that_is_kept_changes_no_digest(checkout: Path) -> None:
    before = digest(("tests",))
    (checkout / "tests/proof/results").mkdir(parents=True)
    (checkout / "tests/proof/results/a.json").write_text("{}")
    assert (digest(("tests",)), is_changed(("tests",))) == (before, False)
    (checkout / "tests/proof/a.py").write_text("")
    assert digest(("tests",)) != before
    assert is_changed(("tests",))


def claim(step: str, **changed: Any) -> Claim:
    return Claim("latency", "latency", "it", (("python", "-c", step),), latency, ("device",), **changed)


def write_result(to: str = "{out}") -> str:
    return f"open('{to}', 'w').write('''{json.dumps(RESULT)}''')"


def test_a_command_is_run_and_what_it_leaves_is_kept(checkout: Path) -> None:
    found = running.measure(claim(write_result() + "; raise SystemExit(1)"), checkout)
    assert (found.result, found.status, found.changed) == (RESULT, 1, False)
    assert found.code == digest(("device",))
    (checkout / "device/a.py").write_text("changed")
    assert running.measure(claim(f"print('''{json.dumps(RESULT)}''')", leaves=""), checkout).changed is True


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (write_result() + "; raise SystemExit(2)", "status 2"),
        ("pass", "left no result"),
        (write_result() + "; open('device/a.py', 'w').write('other')", "changed while"),
        ("open('{out}', 'w').write('{')", "no JSON"),
        ("'{data}'", "no recordings"),
    ],
)
def test_a_command_that_could_not_measure_gives_no_figure(step: str, why: str, checkout: Path) -> None:
    with pytest.raises(ProofError, match=why):
        running.measure(claim(step), checkout / "nowhere")


def test_a_file_of_an_earlier_run_is_not_taken_for_this_one(checkout: Path) -> None:
    (checkout / "build.json").write_text(json.dumps(RESULT))
    with pytest.raises(ProofError, match="left no result"):
        running.measure(claim("pass", leaves="build.json"), checkout)


def test_what_was_left_earlier_is_taken_with_its_date(checkout: Path) -> None:
    file = checkout / "left.json"
    file.write_text(json.dumps(RESULT))
    found = running.take(claim("pass"), file)
    assert (found.code, found.changed, found.status, found.load_1min) == ("", None, None, None)
    assert found.commit == measurement.git("rev-parse", "HEAD")
    for wrong in (checkout / "nowhere", checkout / "other.py"):
        with pytest.raises(ProofError):
            running.take(claim("pass"), wrong)


def test_claims_are_chosen() -> None:
    names = [one.name for one in CLAIMS]
    quick = [one.name for one in CLAIMS if one.quick]
    taken = [(quick[0], Path("file"))]
    assert [one.name for one in prove.chosen(False, False, [], [])] == quick
    assert [one.name for one in prove.chosen(True, False, [], taken)] == [name for name in names if name != quick[0]]
    assert [one.name for one in prove.chosen(False, False, ["arm"], [])] == ["arm"]
    assert prove.chosen(False, True, [], []) == []


def test_an_anew_that_fails_keeps_what_was_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fine, broken = replace(CLAIM, name="live"), CLAIM
    made().write(tmp_path)

    def measured(one: Claim, data: Path) -> Measurement:
        if one is broken:
            raise ProofError("it ended with status 2")
        return made(name=one.name)

    monkeypatch.setattr(prove, "RESULTS", tmp_path)
    monkeypatch.setattr(prove, "measure", measured)
    assert prove.measure_anew([broken, fine], tmp_path) == {"latency": "it ended with status 2"}
    assert read("latency", tmp_path) == made()
    assert read("live", tmp_path) == made(name="live")


def test_exit_status_tells_whether_all_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "RESULTS", tmp_path)
    monkeypatch.setattr(prove, "PAGE", tmp_path / "proof.md")
    monkeypatch.setattr(prove, "CLAIMS", (CLAIM,))
    assert prove.main(["--table-only"]) == 1
    made().write(tmp_path)
    assert prove.main(["--table-only"]) == 0
    made(result=RESULT | {"p99_ms": 11}).write(tmp_path)
    assert prove.main(["--table-only"]) == 1
    assert Verdict.SHORT.value in (tmp_path / "proof.md").read_text()
    (tmp_path / "latency.json").write_text("{}")
    assert prove.main(["--table-only"]) == 2


def test_the_page_in_the_documentation_is_of_the_results_here() -> None:
    found = [prove.proved(one, measurement.RESULTS) for one in CLAIMS]
    told = [
        re.split(r" \| ", line.strip("| "))
        for line in (ROOT / "docs/proof.md").read_text(encoding="utf-8").partition("## ")[0].splitlines()[8:]
        if line
    ]
    expected = [[*line[:-1], f"`{line[-1]}`"] for line in cells(found, ages=False)]
    assert [[cell.replace(OLDER, "").replace(UNKNOWN, "") for cell in line] for line in told] == expected, (
        f"{sys.executable} -m tests.proof.prove --table-only"
    )


def test_every_claim_is_read_and_run_by_something_that_is_there() -> None:
    assert len({one.name for one in CLAIMS}) == len(CLAIMS)
    for one in CLAIMS:
        files = [word for step in one.steps for word in step if word.endswith((".py", ".mk"))]
        assert [word for word in (*files, *one.code) if not (ROOT / word).exists()] == []
        with pytest.raises(ProofError):
            list(one.read(json_of("[]")))
