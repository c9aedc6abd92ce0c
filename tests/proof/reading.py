"""Rows of the proof from the results of the project's own commands; a result of another shape is an error."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from device.soak.injecting import ALL_FAULTS
from device.soak.results import KEPT_SPEED
from tests.mutation.targets import TARGETS
from tests.packaging.pins import PYTHONS
from tests.proof.rows import ProofError, Row, Verdict, at, judged, mapping, number, percent

Reader = Callable[[Any], Iterator[Row]]

SOAK_HOURS, SOAK_SPEED = 24.0, 50.0
STREAMS = 1_000_000
BRANCHES = 0.92
MUTANTS, KILLED = 30, 0.85
PACKAGES = ("device", "export", "firmware_bridge", "train")
FUZZED = ("decoder", "link", "bodies", "manifest", "cohort", "recording")
BEHIND_S = 1.0
OVERLOADS = ("quiet", "two hogs", "slow disk: unlock", "slow disk: record")
TABS = ("stuck tab, silent", "stuck tab, says it is alive")


def soak(result: Any) -> Iterator[Row]:
    """Of `pulsekey soak --json`: how much, how fast, and everything that it says must hold."""
    hours, speed = number(result, "signal_s") / 3600, number(result, "kept_speed")
    yield judged("soak: signal", f">= {SOAK_HOURS:g} h", f"{hours:.2f} h", hours >= SOAK_HOURS)
    kept = speed >= KEPT_SPEED * SOAK_SPEED
    yield judged("soak: speed", f">= {SOAK_SPEED:g} times real time", f"{speed:.3g} times", kept)
    befell = at(result, "befell")
    absent = [name for name in ALL_FAULTS if not befell.get(name)]
    told = f"{sum(befell.values())} faults of {len(befell)} kinds" + (
        f"; none of {', '.join(absent)}" if absent else ""
    )
    yield judged("soak: faults that befell it", f"each of {len(ALL_FAULTS)} kinds", told, not absent)
    checks = at(result, "checks")
    if not isinstance(checks, list) or not checks:
        raise ProofError("checks is no list of checks")
    for check in checks:
        holds = at(check, "holds")
        if holds not in (True, False, None):
            raise ProofError(f"holds is neither true, false nor null: {holds!r}")
        yield judged(f"soak: {at(check, 'name')}", at(check, "wanted"), at(check, "found"), holds)


def overload(result: Any) -> Iterator[Row]:
    """Of `tests/benchmarks/overload.py --json`: what each load cost in samples, and whether a stuck tab is let go."""
    for name in OVERLOADS:
        what, bound = f"overload, {name}", "no sample lost"
        if name not in mapping(result):
            yield Row(what, bound, "", Verdict.MISSING)
            continue
        lost, gone = number(result, name, "lost"), number(result, name, "port_discarded_bytes")
        behind_s = number(result, name, "behind_s")
        told = f"{lost:,} of {number(result, name, 'samples'):,} samples, {gone:,} bytes at the port"
        told += f", {behind_s:g} s behind at the end"
        yield judged(what, bound, told, not lost and not gone and behind_s <= BEHIND_S)
    for name in TABS:
        what, bound = f"overload, {name}", "let go; no byte lost at the port"
        if name not in mapping(result):
            yield Row(what, bound, "", Verdict.MISSING)
            continue
        gone, kept_s = number(result, name, "port_discarded_bytes"), at(result, name, "let_go_after_s")
        told = "kept for ever" if kept_s is None else f"after {number(result, name, 'let_go_after_s'):g} s"
        grown = number(result, name, "rss_grown_mb")
        yield judged(what, bound, f"{told}, {gone:,} bytes, memory {grown:+.1f} MB", kept_s is not None and not gone)


def fuzz(result: Any) -> Iterator[Row]:
    """Of `tests/benchmarks/fuzz_wire.py --json`."""
    streams, broken = number(result, "streams"), at(result, "broken")
    bound = f">= {STREAMS:,} streams, none breaks it"
    yield judged(
        "fuzz: damaged streams", bound, f"{streams:,}, {len(broken)} break it", streams >= STREAMS and not broken
    )
    missing = number(result, "most_missing")
    yield judged("fuzz: whole frames missed after damage", "<= 1", f"{missing:,}", missing <= 1)
    accepted, damaged = number(result, "accepted"), number(result, "damaged")
    yield Row("fuzz: damaged pieces that pass", "", f"{accepted:,} of {damaged:,}", Verdict.UNBOUND)
    for target in FUZZED:
        what, bound = f"fuzz by coverage: {target}", "nothing breaks it"
        if target not in result.get("coverage_guided", {}):
            yield Row(what, bound, "", Verdict.MISSING)
            continue
        status = number(result, "coverage_guided", target)
        yield judged(what, bound, f"status {status}", status == 0)


def coverage(result: Any) -> Iterator[Row]:
    """Of coverage.py's totals: branches alone, since statements are easier to reach; `files` counts by folder."""
    absent = [name for name in PACKAGES if name not in at(result, "files")]
    if absent:
        raise ProofError(f"no file of {', '.join(absent)} was measured")
    all_of_them, taken = number(result, "totals", "num_branches"), number(result, "totals", "covered_branches")
    if not all_of_them:
        raise ProofError("branches were not measured: coverage run --branch")
    share = taken / all_of_them
    told = f"{percent(share)} of {all_of_them:,}"
    yield judged("branches that the tests take", f">= {percent(BRANCHES)}", told, share >= BRANCHES)
    lines, reached = number(result, "totals", "num_statements"), number(result, "totals", "covered_lines")
    told = f"{percent((taken + reached) / (all_of_them + lines))}"
    yield Row("statements and branches together", "", told, Verdict.UNBOUND)


def mutants(result: Any) -> Iterator[Row]:
    """Of `make mutants`, a module a row; at least MUTANTS of each have to be tried."""
    for module in dict.fromkeys([*TARGETS, *mapping(result)]):
        what, bound = f"mutants of {module} that tests kill", f">= {percent(KILLED)} of {MUTANTS} or more"
        command = f"make mutants MODULE={module}"
        if module not in result:
            yield Row(what, bound, "", Verdict.MISSING, command)
            continue
        killed, tried = number(result, module, "killed"), number(result, module, "tried")
        every, low, high = (number(result, module, name) for name in ("all", "low", "high"))
        told = f"{killed} of {tried}, sampled of {every:,}: {percent(killed / tried)} [{low}, {high}]"
        holds = killed >= KILLED * tried
        enough = tried >= min(MUTANTS, every)
        yield Row(
            what, bound, told, Verdict.IN_PART if holds and not enough else judged("", "", "", holds).verdict, command
        )


def wheel(result: Any) -> Iterator[Row]:
    """Of `make check-wheel`, line by line; a Python that was not there is a row, too."""
    checks = at(result, "checks")
    for check in checks:
        passed = at(check, "passed")
        yield judged(f"wheel, {at(check, 'name')}", "passes", "passed" if passed else "failed", bool(passed))
    for minor in PYTHONS:
        if not any(at(check, "name").startswith(f"Python {minor}.") for check in checks):
            why = "not on that machine" if f"Python {minor}" in at(result, "absent") else ""
            yield Row(f"wheel, Python {minor}", "passes", why, Verdict.MISSING)
    if not any("oldest packages" in at(check, "name") for check in checks):
        yield Row("wheel, oldest packages: tests", "passes", "", Verdict.MISSING)


def latency(result: Any) -> Iterator[Row]:
    """Of `tests/benchmarks/link_latency.py --json`."""
    limit, p99 = number(result, "limit_ms"), number(result, "p99_ms")
    told = f"p99 {p99:g} ms, median {number(result, 'p50_ms'):g} ms of {number(result, 'frames'):,} frames"
    yield judged("frame to message through a pseudo-terminal", f"p99 <= {limit:g} ms", told, p99 <= limit)


def live(result: Any) -> Iterator[Row]:
    """Of `tests/benchmarks/live.py --json`."""
    told = {
        "live at 125 Hz: one core": percent(number(result, "cpu_share_of_one_core")),
        "live: peak memory": f"{number(result, 'peak_rss_mb'):.0f} MB",
        "pulsekey --help": f"{number(result, 'help_s_median_of_9'):.2g} s",
    }
    yield from (Row(what, "", measured, Verdict.UNBOUND) for what, measured in told.items())


def evaluate(result: Any) -> Iterator[Row]:
    """Of `pulsekey evaluate --json`: attempts as the device makes them, and the error rates behind them."""
    model = f"{at(result, 'model_id')} {at(result, 'precision')}"
    asked, attempts = number(result, "fmr"), at(result, "attempts")
    fmr = number(attempts, "fmr")
    bound = f"<= {percent(asked)}, as asked for"
    yield judged(f"attempts, FMR ({model})", bound, _with_interval(attempts, "fmr"), fmr <= asked)
    yield Row("attempts, FNMR", "", _with_interval(attempts, "fnmr"), Verdict.UNBOUND)
    for seconds in at(result, "decisions"):
        rates = at(result, "decisions", seconds)
        yield Row(f"EER over {seconds} s", "", _with_interval(rates, "eer"), Verdict.UNBOUND)


def of_tests(claims: Mapping[str, tuple[str, ...]]) -> Reader:
    """A reader of tests' outcomes: what is claimed, and the tests (`module::test`, or `module`) that hold it."""

    def read(result: Any) -> Iterator[Row]:
        for what, tests in claims.items():
            counts = {"passed": 0, "failed": 0, "skipped": 0}
            chosen = [name for name in mapping(result) if name in tests or name.partition("::")[0] in tests]
            for name in chosen:
                for outcome in counts:
                    counts[outcome] += int(number(result, name, outcome))
            told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
            absent = [
                test for test in tests if not any(name == test or name.startswith(f"{test}::") for name in chosen)
            ]
            whole = not absent and not counts["skipped"]
            holds = False if counts["failed"] else True if whole else None
            told += f"; not run: {', '.join(absent)}" if absent else ""
            yield judged(what, "its tests pass", told.removeprefix("; "), holds)

    return read


def _with_interval(rates: Any, name: str) -> str:
    value, interval = percent(number(rates, name)), at(rates, f"{name}_ci95")
    if interval is None:
        return value
    low, high = interval
    return f"{value} [{100 * low:.3g}, {100 * high:.3g}]"
