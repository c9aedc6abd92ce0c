"""The mutants that are drawn, and what is said of one that tests catch, miss, or never get through."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="mutants are Cosmic Ray's, which is not installed")

from tests.mutation.interval import wilson
from tests.mutation.mutants import Mutant, all_mutants, sample_of
from tests.mutation.targets import REPOSITORY, TARGETS

SOURCE = """\
@dataclass(frozen=True)
class Point:
    x: int | None = 3

def f(a: int | str, b) -> int | None:
    try:
        return a + b if a == 7 else None
    except cobs.DecodeError:
        return 0
"""


def drawn(size: int, seed: int = 1) -> list[Mutant]:
    return sample_of({"f.py": SOURCE}, all_mutants("f.py", SOURCE), size, seed)


def test_every_mutant_is_one_change_on_its_own_line() -> None:
    mutants = all_mutants("f.py", SOURCE)
    assert len({(mutant.operator, mutant.occurrence) for mutant in mutants}) == len(mutants)
    before = SOURCE.split("\n")
    for mutant in mutants:
        after = mutant.source(SOURCE).split("\n")
        if mutant.operator == "RemoveDecorator":
            continue
        assert [n for n, (old, new) in enumerate(zip(before, after, strict=True), 1) if old != new] == [mutant.line]


def test_nothing_is_changed_that_no_test_could_see() -> None:
    for mutant in all_mutants("f.py", SOURCE):
        text = mutant.source(SOURCE)
        assert mutant.operator == "RemoveDecorator" or "@dataclass(frozen=True)" in text
        assert "x: int | None" in text
        assert "(a: int | str, b) -> int | None" in text
        assert " is 7" not in text
        assert "except cobs.DecodeError" in text


def test_a_place_counts_once_however_many_changes_it_has() -> None:
    mutants = all_mutants("f.py", SOURCE)
    places = {(mutant.line, mutant.column, mutant.operator.partition("_")[0]) for mutant in mutants}
    sample = drawn(len(places))
    assert {(mutant.line, mutant.column, mutant.operator.partition("_")[0]) for mutant in sample} == places
    assert len(drawn(10_000)) == len(mutants)


def test_a_seed_draws_the_same_again() -> None:
    assert drawn(5, seed=2) == drawn(5, seed=2) != drawn(5, seed=3)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"), [(9, 10, 0.5958, 0.9821), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_the_interval_of_a_share(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=1e-4)


def test_every_target_has_its_files_and_tests() -> None:
    for target in TARGETS.values():
        assert target.files
        for path in (*target.files, *(test for test in target.tests if not test.startswith("-"))):
            assert (REPOSITORY / path).exists()


ASK = """
import sys
from pathlib import Path
from tests.mutation.trial import Limits, NoVerdictError, attempt
file, folder = "firmware_bridge/uart.py", Path(sys.argv[1])
source = Path(file).read_text()
for more, cpu_s in (("", 60), ("changed = 1", 60), ("raise MemoryError", 60), ("while True: pass", 1)):
    outcome, _ = attempt(file, source + more, [str(folder / "test_one.py")], Limits(cpu_s, 100.0), folder / "log")
    print(outcome)
try:
    attempt(file, source, [str(folder / "none.py")], Limits(60, 100.0), folder / "log")
except NoVerdictError:
    print("no verdict")
"""
TEST = """
def test_one():
    from firmware_bridge import uart
    assert not hasattr(uart, "changed")
"""


def test_caught_missed_and_endless(tmp_path: Path) -> None:
    """In a process of its own: this one has loaded what would be mutated."""
    (tmp_path / "test_one.py").write_text(TEST)
    (tmp_path / "none.py").write_text("")
    before = (REPOSITORY / "firmware_bridge/uart.py").read_bytes()
    command = [sys.executable, "-c", ASK, str(tmp_path)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=110, check=False)
    assert ran.stdout.split() == ["survived", "killed", "killed", "timed", "out", "no", "verdict"], ran.stderr
    assert (REPOSITORY / "firmware_bridge/uart.py").read_bytes() == before
