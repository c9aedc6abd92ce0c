"""The report's content in order, before it is HTML or Markdown."""

from train.report.bundle.error_tables import attempt_table, error_table
from train.report.bundle.figures import ageing_plot, det_plot, time_plot
from train.report.bundle.gathering import Gathered
from train.report.bundle.overview import comparison_table, facts, group_note, headline, looks_table, model_table
from train.report.bundle.people_tables import group_table, person_table
from train.report.bundle.time_tables import ageing_table, answer_table, point_table
from train.report.sections import Report, Section


def assemble(gathered: Gathered) -> Report:
    """Every table and figure."""
    return Report(
        title="Models: error rates on recordings of people",
        headline=headline(gathered),
        facts=facts(gathered),
        sections=[
            Section("models", "Models", [model_table(gathered), comparison_table(gathered)]),
            Section("comparisons", "Comparisons", [error_table(gathered)]),
            Section("attempts", "Attempts", [attempt_table(gathered)]),
            _det(gathered),
            _times(gathered),
            _ageing(gathered),
            Section("people", "Who bears the errors", [person_table(gathered)]),
            _groups(gathered),
            _looks(gathered),
            _use(gathered),
        ],
    )


def _groups(gathered: Gathered) -> Section:
    table = group_table(gathered)
    table.notes.insert(0, group_note())
    return Section("groups", "By quality, heart rate, sex and age", [table])


def _det(gathered: Gathered) -> Section:
    section = Section("det", "Detection error trade-off", [point_table(gathered)])
    section.add(det_plot(gathered), "No curve: nobody had a comparison of 12 s.")
    return section


def _times(gathered: Gathered) -> Section:
    section = Section("time", "Time to an answer", [answer_table(gathered)])
    section.add(time_plot(gathered), "No curve: nobody had a whole attempt.")
    return section


def _ageing(gathered: Gathered) -> Section:
    section, table = Section("ageing", "Ageing of templates"), ageing_table(gathered)
    if table.rows or table.notes:
        section.tables.append(table)
    section.add(ageing_plot(gathered), "No set here has sessions of several days.")
    return section


def _looks(gathered: Gathered) -> Section:
    section = Section("looks", "How often the test sets were looked at")
    if gathered.looks is None:
        section.lines.append("Not recorded: there is no file of looks (--test-looks).")
    else:
        section.tables.append(looks_table(gathered))
    return section


def _use(gathered: Gathered) -> Section:
    section = Section("use", "Intended use and limits")
    for one in gathered.bundles:
        section.lines += [f"{one.model.name}, {heading.lower()}: {text}" for heading, text in one.card.items()]
        if not one.card:
            section.lines.append(f"{one.model.name}: its card says nothing of use and limits.")
    return section
