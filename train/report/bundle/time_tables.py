"""Operating points, times to an answer, and the ageing of templates, as tables."""

from functools import partial

from train.report.bundle.answering import QUANTILES, quantiles
from train.report.bundle.cells import by_condition, rate, seconds, set_of, side_by_side
from train.report.bundle.conditions import CONDITIONS
from train.report.bundle.gathering import Gathered
from train.report.bundle.measuring import Measured
from train.report.bundle.rates import TABLE_FMRS
from train.report.tables import Table
from train.report.wording import MISSING


def point_table(gathered: Gathered) -> Table:
    """FNMR at some false match rates over 12 s: the curves of the page as numbers."""
    table = side_by_side(gathered, "FNMR over 12 s at each FMR, per cent", "Model", "FMR, %")
    for one in gathered.bundles:
        for fmr in TABLE_FMRS:
            cells = by_condition(gathered, one, partial(_point, fmr))
            table.rows.append((one.model.name, f"{100.0 * fmr:g}", *cells))
    table.notes.append("A dash stands where so few people cannot tell so small a rate.")
    return table


def _point(fmr: float, measured: Measured) -> str:
    found = measured.curve.at(fmr) if measured.curve else None
    return MISSING if found is None else rate(found[0], (found[1], found[2]))


def answer_table(gathered: Gathered) -> Table:
    """How the times to an answer are spread."""
    head = ("Comparison", "Model", "Answer", "Attempts", *(f"{100.0 * q:g} %" for q in QUANTILES))
    table = Table("Seconds of signal to an answer: quantiles", head, [], begins=2)
    for condition in CONDITIONS:
        for one in gathered.bundles:
            measured = one.measured.get(condition.key)
            if measured is None:
                continue
            times = measured.answering
            who = (f"{condition.title}, {set_of(condition).title}", one.model.name)
            for name, values in (
                ("own, accepted", times.accepted_s),
                ("own, refused", times.refused_s),
                ("another's, kept out", times.kept_out_s),
            ):
                table.rows.append((*who, name, f"{values.size:,}", *map(seconds, quantiles(values))))
    table.notes.append(
        "Signal, good and bad, from the first good window of an attempt on; the median is the column of 50 %, the last "
        "is the longest."
    )
    return table


def ageing_table(gathered: Gathered) -> Table:
    """One enrolment against every session."""
    head = (
        "Model",
        "Probed with",
        "People probed",
        "EER over 12 s, %",
        "Rank-1, %",
        "Median mated LLR",
        "FNMR of attempts, %",
    )
    table = Table(
        "Enrolled in the first session, probed with each", (*head, "FMR of attempts, %"), [], texts=2, begins=1
    )
    for one in gathered.bundles:
        for place, age in enumerate(one.ages):
            rates, tries = age.rates, age.attempts
            table.rows.append(
                (
                    one.model.name,
                    session_name(age.session) + (", the rest of it" if place == 0 else ""),
                    str(rates.probed_people),
                    rate(rates.eer, rates.eer_ci95),
                    rate(rates.rank1, rates.rank1_ci95),
                    MISSING if age.mated_llr is None else f"{age.mated_llr:.2f}",
                    rate(tries.fnmr, tries.fnmr_ci95) if tries else MISSING,
                    rate(tries.fmr, tries.fmr_ci95) if tries else MISSING,
                )
            )
        table.notes.extend(f"{one.model.name}, {line}." for line in one.ages_left_out)
    return table


def session_name(session: str) -> str:
    """``week1_session2`` as words."""
    return session.replace("_", ", ").replace("week", "week ").replace("session", "session ")
