"""From the text that a command leaves to the result that is kept: JSON, the outcomes of tests, or lines of text."""

import json
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree

from tests.proof.rows import ProofError

_OUTCOME = re.compile(r"(passed|FAILED): (.+) \((\d+) s\)")
_MUTATED = re.compile(
    r"(?P<module>[\w-]+): (?P<killed>\d+) of (?P<tried>\d+) killed \((?P<late>\d+) by time\), \d+%, "
    r"95 % interval (?P<low>\d+)% to (?P<high>\d+)%; sample of (?P<all>\d+) mutants, seed (?P<seed>-?\d+)"
)
_ABSENT = re.compile(r"not here, so not checked: (.+)")


def json_of(text: str) -> Any:
    """A JSON file's content.

    Raises:
        ProofError: It is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise ProofError(f"it is no JSON: {error}") from None


def soak_of(text: str) -> Any:
    """A soak's JSON with every tenth of its looks at memory, which are most of the file: a slope still shows.

    Raises:
        ProofError: It is none.
    """
    result = json_of(text)
    if isinstance(result, dict) and isinstance(result.get("looks"), list):
        return result | {"looks": result["looks"][::10]}
    return result


def coverage_of(text: str) -> dict[str, Any]:
    """Of coverage.py's JSON report, which says of each line whether it was run: the totals, and how many files of each
    folder were counted.

    Raises:
        ProofError: It is none.
    """
    report = json_of(text)
    try:
        folders = Counter(file.partition("/")[0] for file in report["files"])
        return {"totals": report["totals"], "files": dict(sorted(folders.items()))}
    except (TypeError, KeyError, AttributeError):
        raise ProofError("it is no report of coverage.py") from None


def junit_of(text: str) -> dict[str, dict[str, int]]:
    """How often each test of pytest's JUnit file (`module::test`) passed, failed and was skipped.

    Raises:
        ProofError: It is no such file, or without a test.
    """
    try:
        cases = list(ElementTree.fromstring(text).iter("testcase"))
    except ElementTree.ParseError as error:
        raise ProofError(f"it is no JUnit file: {error}") from None
    if not cases:
        raise ProofError("no test was run")
    found: dict[str, dict[str, int]] = {}
    for case in cases:
        name = f"{case.attrib['classname'].rpartition('.')[2]}::{case.attrib['name'].partition('[')[0]}"
        outcomes = found.setdefault(name, {"passed": 0, "failed": 0, "skipped": 0})
        tags = {child.tag for child in case}
        outcomes["failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"] += 1
    return found


def wheel_checks_of(text: str) -> dict[str, Any]:
    """The outcomes that `make check-wheel` tells, and what it could not check.

    Raises:
        ProofError: It tells none.
    """
    lines = text.splitlines()
    checks = [
        {"name": match[2], "passed": match[1] == "passed", "after_s": int(match[3])}
        for match in map(_OUTCOME.fullmatch, lines)
        if match
    ]
    if not checks:
        raise ProofError("no outcome of a check is in it")
    return {"checks": checks, "absent": [match[1] for match in map(_ABSENT.fullmatch, lines) if match]}


def mutants_of(text: str) -> dict[str, dict[str, int]]:
    """What `make mutants` tells of each module: `killed` of `tried`, `low` and `high` in per cent, of `all`, `seed`.

    Raises:
        ProofError: It tells of none.
    """
    found = {}
    for match in filter(None, map(_MUTATED.fullmatch, text.splitlines())):
        counts = match.groupdict()
        module = counts.pop("module")
        found[module] = {name: int(count) for name, count in counts.items()}
    if not found:
        raise ProofError("no module's mutants are in it")
    return found
