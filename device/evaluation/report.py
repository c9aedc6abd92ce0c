"""An evaluation as a table that a person reads."""

from device.evaluation.settings import DecisionRates, Interval, Result
from device.metrics import rule_of_three, supports_fmr

_UNKNOWN = "n/a"


def table(result: Result) -> str:
    """The whole report, several lines, rates in per cent with 95 % intervals over people."""
    how = _conditions(result)
    head = ("decision", "EER", "FNMR at FMR 1 %", "FNMR at FMR 0.1 %", "rank-1", "mated", "non-mated")
    rows = [head, *(_row(rates) for rates in result.decisions)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*how, "", *lines, "", *_at_threshold(result), *_remarks(result)])


def _conditions(result: Result) -> list[str]:
    settings = result.settings
    enrolled_from = ", ".join(settings.enrol_sessions) or "the first recording"
    probed_with = ", ".join(settings.probe_sessions) or "the rest of the same recording"
    missing = f" (not: {', '.join(result.not_enrolled[:8])}{', ...' * (len(result.not_enrolled) > 8)})"
    return [
        f"{result.cohort}: model {result.model_id}, {result.precision} on {result.runtime}",
        f"enrolled from {settings.enrol_seconds:g} s of {enrolled_from}, probed with {probed_with}",
        f"people {result.people}, enrolled {result.enrolled}{missing * bool(result.not_enrolled)}, "
        f"failure to enrol {_percent(result.fte)}",
        f"windows {result.windows}, refused by quality (FTA) {_percent(result.fta)}",
    ]


def _row(rates: DecisionRates) -> tuple[str, ...]:
    return (
        f"{rates.seconds:g} s",
        _with_interval(rates.eer, rates.eer_ci95),
        *(_with_interval(rates.fnmr_at_fmr[fmr], rates.fnmr_at_fmr_ci95[fmr]) for fmr in rates.fnmr_at_fmr),
        _with_interval(rates.rank1, rates.rank1_ci95),
        str(rates.mated),
        str(rates.non_mated),
    )


def _at_threshold(result: Result) -> list[str]:
    lines = []
    for rates in result.decisions:
        at = rates.at_threshold
        lines.append(
            f"at the bundle's threshold {at.threshold:.3f}, {rates.seconds:g} s: "
            f"FMR {_counted(at.false_matches, rates.non_mated)}, "
            f"FNMR {_counted(at.false_non_matches, rates.mated)}, "
            f"identified as somebody else {at.identified_wrongly}, not acquired {rates.not_acquired}"
        )
    return lines


def _counted(errors: int, trials: int) -> str:
    if not trials:
        return _UNKNOWN
    return f"{_percent(errors / trials)} ({errors} of {trials})"


def _remarks(result: Result) -> list[str]:
    remarks = []
    for rates in result.decisions:
        name = f"{rates.seconds:g} s"
        if not rates.mated:
            remarks.append(f"{name}: no decision could be filled: the recordings have too few good windows in a row")
            continue
        for fmr in rates.fnmr_at_fmr:
            if not supports_fmr(rates.non_mated, fmr):
                remarks.append(
                    f"{name}: {rates.non_mated} non-mated comparisons cannot tell an FMR of {fmr:.1%}: "
                    f"{3 / fmr:.0f} are needed (rule of three)"
                )
        if not rates.at_threshold.false_matches:
            pairs = rates.probed_people * (result.enrolled - 1)
            remarks.append(
                f"{name}: no false match among {pairs} pairs of people: the FMR there may still be "
                f"{rule_of_three(pairs):.2%} (rule of three)"
            )
    return remarks


def _percent(rate: float | None) -> str:
    return _UNKNOWN if rate is None else f"{100 * rate:.2f} %"


def _with_interval(rate: float | None, interval: Interval) -> str:
    if rate is None or interval is None:
        return _percent(rate)
    return f"{100 * rate:.2f} % [{100 * interval[0]:.2f}, {100 * interval[1]:.2f}]"
