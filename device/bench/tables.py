"""A bench as text: aligned columns for a terminal, or a block of Markdown."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from device.bench.machine import Condition
from device.bench.peaks import Peak
from device.bench.results import Report, Row
from device.bench.whole_path import WholePath

WIDTH = 100
UNKNOWN = "unknown"
_NONE = "-"
_HEAD = (
    ("runtime", ""), ("thr", ""), ("median", "us"), ("p95", "us"), ("p99", "us"), ("windows", "per s"), ("load", "ms"),
    ("first", "ms"), ("file", "KiB"), ("RSS", "MiB"), ("times", "limit"),
)  # fmt: skip
_MARKDOWN_HEAD = (
    "Model", "Runtime", "Threads", "Median, µs", "p95, µs", "p99, µs", "Windows/s", "Load, ms", "First, ms",
    "File, KiB", "RSS, MiB", "Times limit",
)  # fmt: skip


def table(report: Report) -> str:
    """Everything but the operators, within ``WIDTH`` columns."""
    lines = [*_wrapped(_machine(report)), ""]
    for model, rows in groupby(_by_model(report), lambda row: row.model):
        lines += _model(model, list(rows), report)
    return "\n".join([*lines, *_wrapped(_remarks(report))])


def markdown(report: Report) -> str:
    """The same for a README: one table, with what it was measured on above it."""
    lines = [f"- {line}" for line in _machine(report)]
    lines += ["", "| " + " | ".join(_MARKDOWN_HEAD) + " |", "|---|---|" + "---:|" * (len(_MARKDOWN_HEAD) - 2)]
    lines += ["| " + " | ".join((row.model, *_cells(row))) + " |" for row in _by_model(report)]
    return "\n".join([*lines, "", *(f"- {line}" for line in _remarks(report))])


def _machine(report: Report) -> list[str]:
    machine = report.machine
    sets = UNKNOWN if machine.instruction_sets is None else ", ".join(machine.instruction_sets) or "none of interest"
    board = "" if machine.board is None else f"{machine.board}, "
    return [
        f"machine: {board}{machine.cpu or UNKNOWN + ' CPU'}, {machine.cores or UNKNOWN} cores, {sets}",
        f"kernel {machine.kernel or UNKNOWN}, Python {machine.python}, {', '.join(report.runtimes.values())}",
        f"governor {machine.governor or UNKNOWN}; before: {_condition(report.before)}; "
        f"after: {_condition(report.after)}",
    ]


def _condition(condition: Condition) -> str:
    load = UNKNOWN if condition.load_1min is None else f"{condition.load_1min:.2f}"
    degrees = UNKNOWN if condition.temperature_c is None else f"{condition.temperature_c:.1f} C"
    throttling = UNKNOWN if condition.throttling is None else ", ".join(condition.throttling) or "none"
    return f"load {load}, {degrees}, throttling {throttling}"


def _by_model(report: Report) -> list[Row]:
    models = list(dict.fromkeys(row.model for row in report.rows))
    return sorted(report.rows, key=lambda row: (models.index(row.model), row.threads))


def _model(model: str, rows: Sequence[Row], report: Report) -> Iterator[str]:
    first, rate = rows[0], report.error_rates[model]
    error = "" if rate.eer_12s is None else f", EER {100 * rate.eer_12s:.2f} % over 12 s ({rate.cohort})"
    yield from _wrapped([f"{model}: {first.macs / 1e6:.2f} M MACs, {first.parameters / 1e3:,.0f} k parameters{error}"])
    heads = [tuple(words[line] for words in _HEAD) for line in (0, 1)]
    yield from _aligned([*heads, *map(_cells, rows)])
    yield ""


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"{row.runtime} {row.precision}",
        str(row.threads),
        *(_short(value) for value in (row.median_us, row.p95_us, row.p99_us, row.windows_per_s)),
        *(_short(value) for value in (row.load_ms, row.first_ms)),
        _NONE if row.file_bytes is None else f"{row.file_bytes / 1024:,.0f}",
        f"{row.peak_rss_mib:.0f}",
        _NONE if row.ratio_to_limit is None else _short(row.ratio_to_limit),
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000.0 else f"{value:.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *cells)).rstrip()


def _remarks(report: Report) -> list[str]:
    return [
        f"median, p95, p99: one call of the runtime (set input, run, get output), {report.rounds} rounds of "
        f"{report.calls} calls",
        "load, first, RSS: in a fresh process each; RSS is the peak of the whole process",
        "times limit: the median over the time that the MACs would take at this machine's limit:",
        *(_limit(peak) for peak in report.peaks),
        *_whole_path(report.whole_path),
        *(f"left out: {line}" for line in report.left_out),
        *(f"warning: {line}" for line in report.warnings),
    ]


def _limit(peak: Peak) -> str:
    threads = "1 thread" if peak.threads == 1 else f"{peak.threads} threads"
    return f"limit of {peak.precision} on {threads}: {peak.macs_per_s / 1e9:.1f} GMAC/s, by {peak.runtime}"


def _whole_path(path: WholePath | None) -> list[str]:
    if path is None:
        return []
    return [
        f"samples to decision ({path.model} {path.precision} on {path.runtime}): "
        f"{_short(path.cpu_us_per_signal_s)} us of CPU a second of signal, "
        f"{path.core_share_percent:.3f} % of one core; {100 * path.network_fraction:.1f} % of it is the network; "
        f"{path.decisions} decisions in {path.signal_s:g} s"
    ]
