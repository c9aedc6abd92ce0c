"""The proof's table, for a terminal and as docs/proof.md."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.proof.claims import Claim
from tests.proof.measurement import Measurement
from tests.proof.rows import ProofError, Row, Verdict

OLDER = ", of older code"
UNKNOWN = ", of code not noted"
HEAD = ("what", "bound", "measured", "", "command")


@dataclass(frozen=True, slots=True)
class Proved:
    """A claim with what there is of it."""

    claim: Claim
    measurement: Measurement | None
    code: str
    """Digest of the code as it is now."""
    failed: str = ""
    """Why it could not be measured anew, where that was tried."""
    rows: tuple[Row, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read it.

        Raises:
            ProofError: The result has another shape than its command gives it.
        """
        try:
            found = () if self.measurement is None else tuple(self.claim.read(self.measurement.result))
        except ProofError as error:
            raise ProofError(f"the result of {self.claim.name}: {error}; measure anew: {self.claim.command}") from None
        if not found:
            found = (Row(self.claim.about, "", "", Verdict.MISSING),)
        if self.failed:
            found = (Row(f"{self.claim.about}: measured anew", "", self.failed, Verdict.MISSING), *found)
        object.__setattr__(self, "rows", found)

    @property
    def age(self) -> str:
        """Whether the code is what was measured: empty, OLDER or UNKNOWN."""
        if self.measurement is None or self.measurement.code == self.code:
            return ""
        return OLDER if self.measurement.code else UNKNOWN


def cells(proved: Sequence[Proved], *, ages: bool = True) -> list[tuple[str, ...]]:
    """The table's lines; without ages they follow from the results alone."""
    return [
        (
            row.what,
            row.bound,
            row.measured,
            row.verdict.value + (one.age if ages and row.verdict is not Verdict.MISSING else ""),
            row.command or one.claim.command,
        )
        for one in proved
        for row in one.rows
    ]


def counted(proved: Sequence[Proved]) -> str:
    """How many rows come to what, in one sentence."""
    counts = Counter(row.verdict for one in proved for row in one.rows)
    older = sum(row.verdict is not Verdict.MISSING for one in proved if one.age for row in one.rows)
    told = ", ".join(f"{verdict.value}: {counts[verdict]}" for verdict in Verdict if counts[verdict])
    return f"{counts.total()} rows; {told}." + (
        f" {older} are of other code than this, or of code not noted." if older else ""
    )


def terminal(proved: Sequence[Proved]) -> str:
    """In columns."""
    lines = [HEAD, *cells(proved)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    rows = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join([*rows, "", counted(proved)])


def page(proved: Sequence[Proved], date: str, commit: str, machine: str) -> str:
    """The whole page."""
    lines = [
        "# What holds, and what does not",
        "",
        f"Made by `make proof` on {date} at commit {commit[:12]}, on {machine}. {counted(proved)}",
        "",
        "What takes minutes is measured by each `make proof`; what takes longer is taken from the last time it was, "
        "below, and `make proof ALL=1` measures all. A row whose code has changed since says so.",
        "",
        _line(HEAD),
        _line(["---"] * len(HEAD)),
        *(_line([*line[:-1], f"`{line[-1]}`"]) for line in cells(proved)),
        "",
        "## When, where, of what",
        "",
        _line(("command", "when", "commit", "machine")),
        _line(["---"] * 4),
        *(_line(_whence(one)) for one in proved),
    ]
    return "\n".join(lines) + "\n"


def _whence(one: Proved) -> tuple[str, ...]:
    found = one.measurement
    if found is None:
        return f"`{one.claim.command}`", "never", "", ""
    changes = {True: ", with changes that were not committed", False: "", None: " or later"}[found.changed]
    busy = "" if found.load_1min is None else f"; load {found.load_1min:.1f}"
    return f"`{found.command}`", found.date, found.commit[:12] + changes + one.age, found.machine + busy


def _line(cells_: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells_) + " |"
