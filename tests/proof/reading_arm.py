"""Rows from build/arm/results.json of `make check-arm`: of each check the worst place, and how many there are."""

from collections.abc import Iterator
from typing import Any

from tests.arm.cores import CORES
from tests.arm.debian import RELEASES
from tests.arm.results import Row as ArmRow
from tests.proof.rows import ProofError, Row, Verdict, at

ROOM = "room of the installation"
CHECKS = {
    "LiteRT runs on XNNPACK": "answers",
    "litert_int8: answers unlike x86's": "answers",
    "litert_int8: golden vectors, least cosine": "answers",
    "litert_fp32: golden vectors, least cosine": "answers",
    "onnxruntime_int8: golden vectors, least cosine": "answers",
    "onnxruntime_fp32: golden vectors, least cosine": "answers",
    "front end: windows' largest difference to x86's": "frontend",
    "replay: decisions unlike x86's": "replay",
    "replay: samples lost": "replay",
    "demo: the lock opened for one and not for the other": "demo",
    "start: instructions until ready to decide": "start",
    ROOM: "room",
}
"""Those that must be there, and the word that makes `make check-arm` do them."""
ESTIMATED, ENDED = ", estimated", ": ended as it should"


def arm(result: Any) -> Iterator[Row]:
    """A row a check that has a bound, one for each that is missing, and the estimates of time."""
    rows = [_row(one) for one in at(result, "rows")]
    bounded: dict[str, list[ArmRow]] = {name: [] for name in CHECKS}
    for row in rows:
        if row.bound is not None:
            bounded.setdefault(row.check, []).append(row)
    for check, of_it in bounded.items():
        # That a check ended is told by its other rows; that it did not, by nothing else.
        if not check.endswith(ENDED) or any(row.verdict == "short" for row in of_it):
            yield _worst(check, of_it)
    for check in dict.fromkeys(row.check for row in rows if row.check.endswith(ESTIMATED)):
        told = "; ".join(
            f"{_value(row)} ({row.note}; Python {row.where.split()[0]})" for row in rows if row.check == check
        )
        yield Row(f"ARM, {check}", "", told, Verdict.UNBOUND, _command(check))


def _row(content: Any) -> ArmRow:
    """As tests.arm wrote it; its verdict must be what its value gives.

    Raises:
        ProofError: It is not.
    """
    try:
        row = ArmRow(**{key: value for key, value in content.items() if key != "verdict"})
    except (AttributeError, TypeError):
        raise ProofError(f"no row of a check on ARM: {content!r}") from None
    if row.verdict != at(content, "verdict"):
        raise ProofError(f"{row.check} ({row.where}) says {content['verdict']!r}, and its value says {row.verdict!r}")
    return row


def _worst(check: str, rows: list[ArmRow]) -> Row:
    places = len(RELEASES) * (1 if check == ROOM else len(CORES))
    what, command = f"ARM, {check}", _command(check)
    if not rows:
        return Row(what, "", f"in none of {places} places", Verdict.MISSING, command)
    if len({(row.sense, row.bound) for row in rows}) > 1:
        raise ProofError(f"{check} has another bound in another place")
    # One that is short first: NaN is neither the most nor the least.
    worst = max(rows, key=lambda row: (row.verdict == "short", row.value if row.sense == "<=" else -row.value))
    short = sum(row.verdict == "short" for row in rows)
    asked = "" if len(rows) == places else f"; {places} places asked for"
    told = f"{_value(worst)} at worst (Python {worst.where}); {len(rows) - short} of {len(rows)} hold{asked}"
    whole = len({row.where for row in rows}) == places
    verdict = Verdict.SHORT if short else Verdict.HOLDS if whole else Verdict.IN_PART
    return Row(what, f"{worst.sense} {worst.bound:,.6g} {worst.unit}".rstrip(), told, verdict, command)


def _value(row: ArmRow) -> str:
    return f"{row.value:,.4g} {row.unit}".rstrip()


def _command(check: str) -> str:
    start = check.partition(":")[0]
    word = CHECKS.get(check, start if start in {*CHECKS.values(), "window"} else "answers")
    return f'make check-arm ONLY="{word}"'
