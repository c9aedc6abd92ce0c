"""What `make check-arm` makes of its counts and answers; what it emulates is not repeated here."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.arm.check import chosen, try_one
from tests.arm.checks import CHECKS, compare_answers, compare_events
from tests.arm.cores import CORES, ArmError, GuestError, Mark, first_output, marks_of, spans
from tests.arm.debian import RELEASES
from tests.arm.installing import room_by_package
from tests.arm.results import Results, Row

WHERE = "3.11 cortex-a53"


def test_marks_are_read_from_a_log_with_other_lines() -> None:
    lines = ["mark 0 100\n", "some warning\n", "out 1 150\n", "mark 1 4000000000000\n", "end 0 4000000000010\n"]
    assert marks_of(lines) == [
        Mark("mark", 0, 100),
        Mark("out", 1, 150),
        Mark("mark", 1, 4_000_000_000_000),
        Mark("end", 0, 4_000_000_000_010),
    ]


@pytest.mark.parametrize("lines", [[], ["mark 0 5"], ["end 0 5", "mark 0 7"]])
def test_a_count_that_was_cut_off_is_an_error(lines: list[str]) -> None:
    with pytest.raises(ArmError, match="to its end"):
        marks_of(lines)


def test_spans_lie_between_neighbouring_marks() -> None:
    marks = marks_of(["mark 0 10", "out 1 20", "mark 1 45", "mark 2 46", "end 0 99"])
    assert spans(marks) == [35, 1]
    assert first_output(marks) == 20


@pytest.mark.parametrize("numbers", [[], [1, 2], [0, 2], [0, 1, 1]])
def test_marks_that_were_skipped_or_passed_twice_are_an_error(numbers: list[int]) -> None:
    with pytest.raises(ArmError, match="marks"):
        spans([Mark("mark", number, 10 * at) for at, number in enumerate(numbers)])


def test_a_program_that_writes_nothing_has_no_first_output() -> None:
    with pytest.raises(ArmError, match="nothing to stdout"):
        first_output([Mark("end", 0, 5)])


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_time_is_instructions_over_instructions_a_second(core) -> None:
    low, middle, high = core.seconds(1e9)
    for seconds, ipc in zip((high, middle, low), core.ipc, strict=True):
        assert seconds * core.clock_hz * ipc == pytest.approx(1e9)
    assert low < middle < high


def test_cpuinfo_names_the_core_of_every_processor() -> None:
    blocks = CORES[2].cpuinfo().strip().split("\n\n")
    assert len(blocks) == 4
    for number, block in enumerate(blocks):
        fields = dict(line.split("\t: ") for line in block.replace("architecture: ", "architecture\t: ").splitlines())
        assert (fields["processor"], fields["CPU part"]) == (str(number), "0xd0b")
        assert "asimddp" in fields["Features"].split()


def test_a_row_is_ok_up_to_its_bound() -> None:
    assert Row("a", WHERE, 1.5, "", "<=", 1.5).verdict == "ok"
    assert Row("a", WHERE, 1.6, "", "<=", 1.5).verdict == "short"
    assert Row("a", WHERE, 0.9, "", ">=", 1.0).verdict == "short"
    assert Row("a", WHERE, math.nan, "", ">=", 1.0).verdict == "short"
    assert Row("a", WHERE, math.nan, "", "<=", 1.0).verdict == "short"
    assert Row("a", WHERE, 5.0).verdict == ""


def test_results_are_kept_for_the_same_wheel_and_replaced_row_by_row(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    first = Results.open(file, "w1")
    first.add(Row("a", WHERE, 2.0, "s", "<=", 1.0), Row("b", WHERE, 1.0))
    again = Results.open(file, "w1")
    assert again.rows == first.rows
    again.add(Row("a", WHERE, 0.5, "s", "<=", 1.0))
    assert [row.value for row in Results.open(file, "w1").rows.values()] == [0.5, 1.0]
    assert not again.short
    assert [row["verdict"] for row in json.loads(file.read_text())["rows"]] == ["ok", ""]
    assert Results.open(file, "w2").rows == {}


def test_the_table_tells_value_bound_and_verdict() -> None:
    rows = [Row("room", "3.11", 142.34, "MB", "<=", 200.0, "all of it"), Row("lost", "3.13", 0)]
    results = Results(Path("unused"), "w", {(row.check, row.where): row for row in rows})
    head, room, lost = results.table().splitlines()
    assert head.split() == ["check", "where", "value", "bound", "note"]
    assert room.split() == ["room", "3.11", "142.3", "MB", "<=", "200", "MB", "ok", "all", "of", "it"]
    assert lost.split() == ["lost", "3.13", "0"]


def answers(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    one = random.standard_normal((5, 4)).astype(np.float32)
    golden = np.full(2, 0.9995)
    return {
        "litert_int8": one,
        "golden_litert_int8": golden,
        "onnxruntime_fp32": one.copy(),
        "golden_onnxruntime_fp32": golden.copy(),
        "delegate": np.array(True),
    }


def test_the_same_answers_are_ok_everywhere() -> None:
    rows = list(compare_answers(answers(), answers(), 0.999, WHERE))
    assert {row.verdict for row in rows} == {"ok", ""}
    assert {row.where for row in rows} == {WHERE}


def test_one_bit_of_litert_int8_is_short_and_of_float_is_not() -> None:
    ours = answers()
    for name in ("litert_int8", "onnxruntime_fp32"):
        ours[name] = ours[name].copy()
        ours[name][3, 1] = np.nextafter(ours[name][3, 1], np.float32(9))
    short = [row for row in compare_answers(ours, answers(), 0.999, WHERE) if row.verdict == "short"]
    assert [(row.check, row.value) for row in short] == [("litert_int8: answers unlike x86's", 1)]


def test_a_golden_vector_below_its_bound_garbage_and_a_missing_delegate_are_short() -> None:
    ours = answers()
    ours["golden_litert_int8"] = np.array([1.0, 0.9])
    ours["onnxruntime_fp32"] = answers(1)["onnxruntime_fp32"]
    ours["delegate"] = np.array(False)
    short = {row.check for row in compare_answers(ours, answers(), 0.999, WHERE) if row.verdict == "short"}
    assert short == {
        "LiteRT runs on XNNPACK",
        "litert_int8: golden vectors, least cosine",
        "onnxruntime_fp32: least cosine to x86's",
    }


def events(person: str = "ada", llr: float = 5.0, windows: int = 3) -> list[dict[str, object]]:
    scored = [{"event": "window_scored", "best_llr": llr} for _ in range(windows)]
    return [
        *scored,
        {"event": "identified", "person": person, "windows": 6},
        {"event": "summary", "lost_samples": 0},
    ]


@pytest.mark.parametrize(
    ("ours", "short"),
    [
        (events(), set()),
        (events(person="ben"), {"replay: decisions unlike x86's"}),
        (events(llr=5.1), {"replay: likelihood ratios' largest difference"}),
        (events(windows=2), {"replay: windows more or fewer than x86's"}),
        (
            [],
            {
                "replay: decisions unlike x86's",
                "replay: windows more or fewer than x86's",
                "replay: likelihood ratios' largest difference",
                "replay: samples lost",
            },
        ),
    ],
)
def test_a_replay_is_compared_event_by_event(ours: list[dict[str, object]], short: set[str]) -> None:
    assert {row.check for row in compare_events(ours, events(), WHERE) if row.verdict == "short"} == short


def test_words_choose_among_pythons_cores_and_checks() -> None:
    pythons, cores, names = chosen(["3.13", "cortex-a72", "demo", "answers"])
    assert (pythons, [core.name for core in cores]) == (["3.13"], ["cortex-a72"])
    assert names == ["answers", "demo"]
    assert chosen([]) == (["3.11", "3.13"], list(CORES), ["room", *CHECKS])
    with pytest.raises(ArmError, match="cortex-a99"):
        chosen(["cortex-a99"])


def test_room_is_counted_in_blocks_by_owner(tmp_path: Path) -> None:
    package, info = tmp_path / "thing", tmp_path / "thing-1.0.dist-info"
    for folder in (package / "__pycache__", info):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_bytes(b"x" * 4097)
    (package / "__pycache__/made.pyc").write_bytes(b"x")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    (info / "RECORD").write_text("thing/__init__.py,,\nthing-1.0.dist-info/METADATA,,\nthing-1.0.dist-info/RECORD,,\n")
    (tmp_path / "stray").write_bytes(b"x")
    assert room_by_package(tmp_path) == {"thing": 5 * 4096, "other": 4096}


def test_a_check_that_fails_is_short_and_the_next_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> list[Row]:
        raise GuestError("status 2, wrong answers")

    def fine(*_: object) -> list[Row]:
        return [Row("b", WHERE, 1.0)]

    class FakePi:
        release = RELEASES[0]

    results = Results(tmp_path / "results.json", "w")
    for check in (failing, fine):
        monkeypatch.setitem(CHECKS, check.__name__, check)
        try_one(check.__name__, FakePi(), CORES[0], None, results)  # type: ignore[arg-type]
    assert [(row.check, row.note) for row in results.short] == [
        ("failing: ended as it should", "status 2, wrong answers")
    ]
    assert ("b", WHERE) in results.rows
