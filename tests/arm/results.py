"""What was found: one row a check, with its value, its bound, and whether it holds."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_COMPARE = {"<=": lambda value, bound: value <= bound, ">=": lambda value, bound: value >= bound}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    check: str
    where: str
    """Python and core, such as `3.11 cortex-a53`."""
    value: float
    unit: str = ""
    sense: str = ""
    """`<=` or `>=`; empty where there is no bound."""
    bound: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`ok`, `short` of its bound (NaN is, too), or empty without one."""
        if self.bound is None:
            return ""
        return "ok" if _COMPARE[self.sense](self.value, self.bound) else "short"


@dataclass(slots=True)
class Results:
    """The rows of one wheel, kept in a file from one call to the next, so that a run can be done in parts."""

    file: Path
    wheel: str
    """Its file's sha256: figures of another are dropped."""
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)

    @classmethod
    def open(cls, file: Path, wheel: str) -> "Results":
        """Those of the file, if they are of this wheel."""
        results = cls(file, wheel)
        if file.exists():
            content = json.loads(file.read_text(encoding="utf-8"))
            if content["wheel_sha256"] == wheel:
                results._take(Row(**{k: v for k, v in row.items() if k != "verdict"}) for row in content["rows"])
        return results

    def add(self, *rows: Row) -> None:
        """Take rows in place of those of the same check and place, and write the file."""
        self._take(rows)
        content = {"wheel_sha256": self.wheel, "rows": [_json(row) for row in self.rows.values()]}
        self.file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def _take(self, rows: Iterable[Row]) -> None:
        self.rows |= {(row.check, row.where): row for row in rows}

    @property
    def short(self) -> list[Row]:
        """Rows that miss their bound."""
        return [row for row in self.rows.values() if row.verdict == "short"]

    def table(self) -> str:
        """All rows, as text in columns."""
        lines = [("check", "where", "value", "bound", "", "note")]
        lines += [
            (row.check, row.where, _number(row.value, row.unit), _bound(row), row.verdict, row.note)
            for row in self.rows.values()
        ]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )


def _json(row: Row) -> dict[str, Any]:
    return asdict(row) | {"verdict": row.verdict}


def _number(value: float, unit: str) -> str:
    text = f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.4g}"
    return f"{text} {unit}".rstrip()


def _bound(row: Row) -> str:
    return "" if row.bound is None else f"{row.sense} {_number(row.bound, row.unit)}"
