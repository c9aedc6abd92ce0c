"""One row of the proof, and how what a command left is read: strictly, since a guessed figure proves nothing."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any


class ProofError(RuntimeError):
    """A result cannot be read, or a command cannot be run; the text is one line that says what to do."""


class Verdict(Enum):
    """What a row comes to, in the table's words."""

    HOLDS = "holds"
    SHORT = "falls short"
    IN_PART = "measured in part"
    MISSING = "not measured"
    UNBOUND = "no bound"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is claimed, with what was found of it."""

    what: str
    bound: str
    """What it must keep to; empty where nothing is asked."""
    measured: str
    verdict: Verdict
    command: str = ""
    """What makes this row; that of its claim where it is empty."""


def judged(what: str, bound: str, measured: str, holds: bool | None, command: str = "") -> Row:
    """A row with a bound; `holds` is None where what was done could not tell."""
    verdict = {True: Verdict.HOLDS, False: Verdict.SHORT, None: Verdict.MISSING}[holds]
    return Row(what, bound, measured, verdict, command)


def at(result: Any, *keys: str) -> Any:
    """What lies in a result under these keys, one below the other.

    Raises:
        ProofError: Nothing does.
    """
    for key in keys:
        if not isinstance(result, dict) or key not in result:
            raise ProofError(f"{'.'.join(keys)} is not in it")
        result = result[key]
    return result


def mapping(result: Any) -> dict[str, Any]:
    """A result that has to be one JSON object.

    Raises:
        ProofError: It is none.
    """
    if not isinstance(result, dict):
        raise ProofError(f"it is no JSON object but {type(result).__name__}")
    return result


def number(result: Any, *keys: str) -> float:
    """The same, which has to be a finite number.

    Raises:
        ProofError: It is none.
    """
    value = at(result, *keys)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProofError(f"{'.'.join(keys)} is no number: {value!r}")
    return value


def percent(share: float) -> str:
    """A share, as it stands in the table."""
    return f"{100 * share:.3g} %"
