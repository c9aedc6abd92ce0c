"""An evaluation as a table that a person reads."""

from device.evaluation.settings import FMRS, AttemptRates, DecisionRates, Interval, Result
from device.metrics import least_fmr, people_for_fmr

_UNKNOWN = "n/a"


def table(result: Result) -> str:
    """The whole report, several lines, rates in per cent with 95 % intervals over people."""
    how = _conditions(result)
    head = ("comparison", "EER", "FNMR at FMR 1 %", "FNMR at FMR 0.1 %", "rank-1", "mated", "non-mated")
    rows = [head, *(_row(rates) for rates in result.decisions)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*how, "", *lines, "", *_attempts(result), *_remarks(result)])


def _conditions(result: Result) -> list[str]:
    settings = result.settings
    enrolled_from = ", ".join(settings.enrol_sessions) or "the first recording"
    probed_with = ", ".join(settings.probe_sessions) or "the rest of the same recording"
    missing = f" (not: {', '.join(result.not_enrolled[:8])}{', ...' * (len(result.not_enrolled) > 8)})"
    known = [f"recordings left out, since the model knows their people: {result.known}"] if result.known else []
    return [
        f"{result.cohort}: model {result.model_id}, {result.precision} on {result.runtime}",
        f"enrolled from {settings.enrol_seconds:g} s of {enrolled_from}, probed with {probed_with}",
        f"people {result.people}, enrolled {result.enrolled}{missing * bool(result.not_enrolled)}, "
        f"failure to enrol {_percent(result.fte)}",
        f"windows {result.windows}, refused by quality (FTA) {_percent(result.fta)}",
        *known,
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


def _attempts(result: Result) -> list[str]:
    rates = result.attempts
    if rates is None:
        return ["no attempt could be filled: the recordings have too few good windows in a row"]
    among = ", ".join(
        f"{one.size} enrolled: FPIR {_percent(one.fpir)}, FNIR {_percent(one.fnir)}" for one in rates.identification
    )
    return [
        f"attempts as the device makes them, accepted from a log-likelihood ratio of {rates.accept_llr:.2f}: "
        f"{rates.mated} mated, {rates.non_mated} non-mated, {rates.given_up} given up",
        f"  FMR {_with_interval(rates.fmr, rates.fmr_ci95)}, FNMR {_with_interval(rates.fnmr, rates.fnmr_ci95)}, "
        f"median to accept {_time(rates.median_accept_s)}, to reject {_time(rates.median_reject_s)}",
        *([f"  {among}"] if among else []),
        f"  calibration: Cllr {rates.cllr:.3f}, at best {rates.least_cllr:.3f}",
    ]


def _time(seconds: float | None) -> str:
    return _UNKNOWN if seconds is None else f"{seconds:.1f} s"


def _remarks(result: Result) -> list[str]:
    remarks = [
        f"{rates.seconds:g} s: no comparison could be filled: the recordings have too few good windows in a row"
        for rates in result.decisions
        if not rates.mated
    ]
    for fmr in FMRS:
        if least_fmr(result.enrolled) > fmr:
            remarks.append(
                f"{result.enrolled} people cannot tell an FMR of {fmr:.1%}: {people_for_fmr(fmr)} are needed "
                "(rule of three over their pairs)"
            )
    return remarks + _no_false_match(result.attempts, result.enrolled)


def _no_false_match(rates: AttemptRates | None, people: int) -> list[str]:
    if rates is None or rates.false_matches:
        return []
    pairs = people * (people - 1) // 2
    return [
        f"no false match among {pairs} pairs of people: the FMR may still be {least_fmr(people):.2%} (rule of three)"
    ]


def _percent(rate: float | None) -> str:
    return _UNKNOWN if rate is None else f"{100 * rate:.2f} %"


def _with_interval(rate: float | None, interval: Interval) -> str:
    if rate is None or interval is None:
        return _percent(rate)
    return f"{100 * rate:.2f} % [{100 * interval[0]:.2f}, {100 * interval[1]:.2f}]"
