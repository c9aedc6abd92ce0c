"""The report's tables in Markdown."""

import re
from collections.abc import Iterator

from train.report.sections import Report, Section
from train.report.tables import Table


def to_markdown(report: Report) -> str:
    """Headline, facts and every table; figures are the page's."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escaped(report.title)}"
    yield ""
    yield f"**{escaped(' '.join(report.headline))}**"
    yield ""
    yield from (f"- {escaped(fact)}" for fact in report.facts)
    yield ""
    yield "Figures are in `report.html`, made with this file."
    for section in report.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    if not section.tables and not section.lines:
        return
    yield ""
    yield f"## {escaped(section.title)}"
    for table in section.tables:
        yield ""
        yield from _table(table)
        for note in table.notes:
            yield ""
            yield escaped(note)
    for line in section.lines:
        yield ""
        yield escaped(line)


def _table(table: Table) -> Iterator[str]:
    marks = ["---" if column < table.texts else "---:" for column in range(len(table.head))]
    for cells in (table.head, marks, *table.rows):
        yield f"| {' | '.join(marks if cells is marks else map(escaped, cells))} |"


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, in one line."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))
