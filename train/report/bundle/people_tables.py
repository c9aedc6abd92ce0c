"""Who fares worst, and whether some kinds of people or signals fare worse."""

from collections.abc import Iterator

from train.report.bundle.cells import rate, set_of
from train.report.bundle.conditions import CONDITIONS, Condition
from train.report.bundle.gathering import Gathered, Reported
from train.report.bundle.measuring import Measured
from train.report.bundle.persons import fewest_for_half
from train.report.tables import Table
from train.report.wording import listed

WORST = 6
"""People named of each model and condition; everyone is in the JSON file."""


def person_table(gathered: Gathered) -> Table:
    """The worst people of each condition, and how the errors are spread."""
    head = ("Comparison", "Model", "Person", "Own attempts", "Refused", "FNMR, %")
    false = ("Taken for others, %", "Others taken for them, %")
    table = Table(f"The {WORST} people who fare worst", (*head, *false), [], begins=2)
    for condition, one, measured in _measured(gathered):
        for person in measured.persons[:WORST]:
            counts = (str(person.attempts), str(person.refused), rate(person.fnmr))
            matches = (rate(person.fmr_as_other), rate(person.fmr_as_target))
            table.rows.append((_name(condition), one.model.name, person.subject, *counts, *matches))
        where = f"{_name(condition)}, {one.model.name}"
        table.notes.append(f"{where}: {_spread(measured)}")
        table.notes.extend(f"{where}, {line}" for line in _silent(measured))
    return table


def group_table(gathered: Gathered) -> Table:
    """Errors by signal quality, heart rate, sex and age of each condition."""
    head = ("Comparison", "Model", "By", "Group", "People", "Probes", "FNMR, %", "FMR, %", "EER, %")
    table = Table("Errors over one window, by kind of probe", head, [], texts=4)
    untold: dict[str, None] = {}
    for condition, one, measured in _measured(gathered):
        for group in measured.groups:
            rates = rate(group.fnmr, group.fnmr_ci95), rate(group.fmr, group.fmr_ci95), rate(group.eer)
            counts = str(group.people), f"{group.probes:,}"
            table.rows.append((_name(condition), one.model.name, group.by, group.name, *counts, *rates))
        untold |= dict.fromkeys(f"{_name(condition)}, {line}" for line in measured.group_notes)
    if untold:
        table.notes.append(f"Not told: {'; '.join(untold)}.")
    return table


def _measured(gathered: Gathered) -> Iterator[tuple[Condition, Reported, Measured]]:
    """Condition by condition, every model that was measured."""
    for condition in CONDITIONS:
        for one in gathered.bundles:
            if condition.key in one.measured:
                yield condition, one, one.measured[condition.key]


def _name(condition: Condition) -> str:
    return f"{condition.title}, {set_of(condition).title}"


def _spread(measured: Measured) -> str:
    persons = measured.persons
    without = sum(not p.refused and not p.taken_for_others and not p.others_taken for p in persons)
    parts = [
        f"half of the {sum(counts):,} {what} are {by} {fewest_for_half(counts)} of {len(persons)} people"
        if sum(counts)
        else f"no {what}"
        for what, by, counts in (
            ("refusals", "of", [p.refused for p in persons]),
            ("false matches", "by", [p.taken_for_others for p in persons]),
        )
    ]
    return f"{', '.join(parts)}; {without} have no error at all."


def _silent(measured: Measured) -> list[str]:
    """Who is in no rate, by name."""
    lines = []
    if measured.result.not_enrolled:
        lines.append(f"not enrolled for want of good windows: {listed(measured.result.not_enrolled)}.")
    silent = [p.subject for p in measured.persons if not p.attempts]
    if silent:
        lines.append(f"enrolled but without a whole attempt: {listed(silent)}.")
    return lines
