"""Error rates of comparisons and of attempts, the kinds of comparison side by side."""

from collections.abc import Callable
from functools import partial

from device.decision import DEFAULT_FMR
from device.evaluation.settings import AttemptRates, DecisionRates
from device.metrics import least_fmr, people_for_fmr
from train.report.bundle.cells import by_condition, rate, seconds, set_of, side_by_side
from train.report.bundle.conditions import CONDITIONS
from train.report.bundle.gathering import Gathered, Reported
from train.report.bundle.measuring import Measured
from train.report.tables import Table
from train.report.wording import MISSING

FMR = 0.01


def error_table(gathered: Gathered) -> Table:
    """EER, FNMR at FMR 1 % and rank-1 of each length, with the people behind each."""
    table = side_by_side(gathered, "Comparisons, per cent", "Model", "Over", "What")
    for one in gathered.bundles:
        sensors = tuple(str(one.kin[condition.data_set]) for condition in CONDITIONS)
        table.rows.append((one.model.name, "", "sensor", *sensors))
        enrolled = by_condition(gathered, one, lambda m: f"{m.result.enrolled} of {m.result.people}")
        table.rows.append((one.model.name, "", "people enrolled", *enrolled))
        lengths = dict.fromkeys(r.seconds for m in one.measured.values() for r in m.result.decisions)
        for length in lengths:
            _add_length(table, gathered, one, length)
    table.notes.append(
        "Brackets are 95 % intervals by bootstrap over people; people probed are those with a comparison of that "
        "length. A rank-1 rate is among those enrolled, and so depends on how many they are."
    )
    table.notes.extend(_unsupported(gathered))
    return table


def attempt_table(gathered: Gathered) -> Table:
    """Attempts as the device makes them, at its boundaries of the default false match rate."""
    table = side_by_side(gathered, "Attempts as the device makes them", "Model", "What")
    rows: tuple[tuple[str, Callable[[AttemptRates], str]], ...] = (
        ("FMR, %", lambda a: rate(a.fmr, a.fmr_ci95)),
        ("FNMR, %", lambda a: rate(a.fnmr, a.fnmr_ci95)),
        ("mated, non-mated attempts", lambda a: f"{a.mated:,}, {a.non_mated:,}"),
        ("given up for want of good windows", lambda a: f"{a.given_up:,}"),
        (
            "median seconds to accept, to reject",
            lambda a: f"{seconds(a.median_accept_s)}, {seconds(a.median_reject_s)}",
        ),
        ("Cllr, at best (bits)", lambda a: f"{a.cllr:.3f}, {a.least_cllr:.3f}"),
    )
    for one in gathered.bundles:
        for name, cell in rows:
            cells = by_condition(gathered, one, partial(_of_attempts, cell))
            table.rows.append((one.model.name, name, *cells))
        refused = by_condition(gathered, one, lambda m: rate(m.result.fta))
        table.rows.append((one.model.name, "windows refused by quality (FTA), %", *refused))
    table.notes.append(
        "Given up are attempts of the people enrolled that found too few good windows; they are in neither rate. A "
        "Cllr above 1 is worse than knowing nothing: there the ratios mislead."
    )
    for one in gathered.bundles:
        table.notes.extend(_false_match_notes(one))
    return table


def _of_attempts(cell: Callable[[AttemptRates], str], measured: Measured) -> str:
    return cell(measured.result.attempts) if measured.result.attempts else MISSING


def _add_length(table: Table, gathered: Gathered, one: Reported, length: float) -> None:
    def cells(cell: Callable[[DecisionRates], str]) -> tuple[str, ...]:
        return by_condition(
            gathered, one, lambda m: next((cell(r) for r in m.result.decisions if r.seconds == length), "")
        )

    who = (one.model.name, f"{length:g} s")
    table.rows.append((*who, "EER", *cells(lambda r: rate(r.eer, r.eer_ci95))))
    table.rows.append((*who, "FNMR at FMR 1 %", *cells(lambda r: rate(r.fnmr_at_fmr[FMR], r.fnmr_at_fmr_ci95[FMR]))))
    table.rows.append((*who, "rank-1", *cells(lambda r: rate(r.rank1, r.rank1_ci95))))
    table.rows.append((*who, "people probed", *cells(lambda r: str(r.probed_people))))


def _unsupported(gathered: Gathered) -> list[str]:
    """Why there is a dash at an FMR of 1 %."""
    few = sorted(
        {
            (set_of(m.condition).title, m.result.enrolled)
            for one in gathered.bundles
            for m in one.measured.values()
            if least_fmr(m.result.enrolled) > FMR
        }
    )
    return [
        f"{title}: {people} people cannot tell an FMR below {100.0 * least_fmr(people):.1f} % (rule of three over "
        f"their pairs); 1 % takes {people_for_fmr(FMR)}."
        for title, people in few
    ]


def _false_match_notes(one: Reported) -> list[str]:
    """Where a rate is above what was asked for, or nothing was seen."""
    asked = _asked(one)
    notes = []
    for m in one.measured.values():
        rates, where = m.result.attempts, f"{one.model.name}, {m.condition.title}, {set_of(m.condition).title}"
        if rates is None:
            notes.append(f"{where}: no attempt could be filled.")
        elif not rates.false_matches:
            notes.append(f"{where}: no false match; the FMR may still be {rate(least_fmr(m.result.enrolled))} %.")
        elif rates.fmr > asked:
            notes.append(f"{where}: the FMR is {rates.fmr / asked:.1f} times the {rate(asked)} % that was asked for.")
    return notes


def _asked(one: Reported) -> float:
    """The false match rate that is asked for by default: 1 %, or the least the bundle's people support."""
    return max(DEFAULT_FMR, one.model.bundle.manifest.decision.operating_points[-1][0])
