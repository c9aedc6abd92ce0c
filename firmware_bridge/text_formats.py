"""The text formats of common MAX3010x sketches: one line of text to one sample.

Two columns without names are taken as RED, IR: the order of the sensor's own FIFO and of SparkFun's examples.
A single one is IR, which is what SparkFun's heart-beat plotters print. The order is fixed, never guessed from
the numbers: a guess that fell the other way on another day would compare a person's IR with their RED.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_TEXT_COUNTS = (1 << 24) - 1
"""No sensor of this class counts higher; a longer number is two lines run together."""

Sample = tuple[int, int]
"""IR and RED counts; RED is 0 where a sketch has none."""

_NUMBER = r"-?\d+(?:\.\d+)?"
_SEPARATOR = re.compile(r"\s*[,;\t]\s*|\s+")


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A way to write a sample as a line; ``parse`` gives None for a line that is not one."""

    name: str
    has_red: bool
    parse: Callable[[str], Sample | None]


def _counts(text: str) -> int | None:
    if not re.fullmatch(_NUMBER, text):
        return None
    value = round(float(text))
    return value if 0 <= value <= MAX_TEXT_COUNTS else None


def _sample(ir: str, red: str = "0") -> Sample | None:
    ir_counts, red_counts = _counts(ir), _counts(red)
    return None if ir_counts is None or red_counts is None else (ir_counts, red_counts)


def _by_pattern(name: str, pattern: str) -> TextFormat:
    compiled = re.compile(pattern.replace("NUMBER", _NUMBER))

    def parse(line: str) -> Sample | None:
        match = compiled.fullmatch(line)
        return _sample(**match.groupdict()) if match else None

    return TextFormat(name, "red" in compiled.groupindex, parse)


def _role(label: str) -> str | None:
    """The channel that a column or label names."""
    word = re.sub(r"[^a-z]", "", label.lower())
    if word.startswith(("ir", "infrared")):
        return "ir"
    return "red" if word == "r" or word.startswith("red") else None


def _labelled(has_red: bool) -> TextFormat:
    pair = re.compile(rf"\s*([A-Za-z][\w .]*?)\s*:\s*({_NUMBER})\s*")

    def parse(line: str) -> Sample | None:
        matches = [pair.fullmatch(part) for part in re.split(r"[,\t]|(?<=\d)\s+(?=[A-Za-z])", line)]
        fields = [(_role(match[1]), match[2]) for match in matches if match]
        named = {role: number for role, number in fields if role}
        complete = len(fields) == len(matches) and len(named) == sum(bool(role) for role, _ in fields)
        return _sample(**named) if complete and "ir" in named and ("red" in named) is has_red else None

    return TextFormat("labelled plotter IR:,RED:" if has_red else "labelled plotter IR:", has_red, parse)


def _columns(name: str, roles: tuple[str | None, ...]) -> TextFormat:
    def parse(line: str) -> Sample | None:
        cells = _SEPARATOR.split(line)
        if len(cells) != len(roles) or not all(re.fullmatch(_NUMBER, cell) for cell in cells):
            return None
        return _sample(**{role: cell for role, cell in zip(roles, cells, strict=True) if role})

    return TextFormat(name, "red" in roles, parse)


def _two_columns(name: str, separator: str) -> TextFormat:
    return _by_pattern(name, rf"(?P<red>NUMBER) *{separator} *(?P<ir>NUMBER)")


HEADERLESS: tuple[TextFormat, ...] = (
    _by_pattern("R[] IR[] G[]", r"R\[(?P<red>NUMBER)\] IR\[(?P<ir>NUMBER)\](?: G\[NUMBER\])?"),
    _by_pattern("IR=, BPM=, Avg BPM=", r"IR=(?P<ir>NUMBER), ?BPM=NUMBER, ?Avg BPM=NUMBER(?:\s*No finger\?)?"),
    _by_pattern(
        "red=, ir=, HR=, SPO2=",
        r"red=(?P<red>NUMBER), ?ir=(?P<ir>NUMBER), ?HR=NUMBER, ?HRvalid=\d, ?SPO2=NUMBER, ?SPO2Valid=\d",
    ),
    _by_pattern("R= IR=", r"R=(?P<red>NUMBER)[ ,\t]+IR=(?P<ir>NUMBER)"),
    _labelled(has_red=True),
    _labelled(has_red=False),
    _two_columns("RED,IR columns", ","),
    _two_columns("RED<tab>IR columns", r"\t"),
    _columns("one IR column", ("ir",)),
)
"""Tried in this order; a line is stripped before."""


def header_format(line: str) -> TextFormat | None:
    """The format that a plotter's header line announces, or None if it is no header with an IR column."""
    cells = [cell for cell in _SEPARATOR.split(line) if cell]
    if not cells or any(re.fullmatch(rf"{_NUMBER}|.*[:=\[].*", cell) for cell in cells):
        return None
    roles = tuple(_role(cell) for cell in cells)
    if roles.count("ir") != 1 or roles.count("red") > 1:
        return None
    return _columns(f"columns {','.join(cells)}", roles)


def recognise(line: str, announced: TextFormat | None = None) -> tuple[TextFormat, Sample] | None:
    """The first format that reads ``line``, an announced one before all others, and what it reads."""
    for known in (announced, *HEADERLESS) if announced else HEADERLESS:
        sample = known.parse(line)
        if sample is not None:
            return known, sample
    return None
