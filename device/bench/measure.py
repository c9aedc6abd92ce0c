"""The bench itself: which rows there are, and in what order everything is measured."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from device.bench.fresh import Fresh, measure_fresh, some_window
from device.bench.latency import Latency
from device.bench.machine import read_condition, read_machine, warnings
from device.bench.peaks import LIMIT_MACS, Peak, best, limit_subjects, ratio_to_limit
from device.bench.results import ErrorRate, Report, Row
from device.bench.rounds import Clock, Plan, interleaved
from device.bench.runtimes import PluginRuntime, Runtime
from device.bench.subjects import FORMAT_OF, Subject, file_subjects
from device.bench.whole_path import WholePath, measure_whole_path
from device.bundle import Bundle
from device.embedders import Precision, load_embedder
from device.embedders import Runtime as EmbedderRuntime
from device.errors import CommandError, CommandReason


@dataclass(frozen=True, slots=True)
class Tools:
    """What the bench measures with; a test brings its own."""

    clock: Clock = time.perf_counter_ns
    cpu_clock: Clock = time.process_time_ns
    fresh: Callable[[Subject, int], Fresh] = measure_fresh
    root: Path = field(default=Path("/"))
    """Where the kernel's files are."""
    progress: Callable[[str], None] = lambda _: None


def run_bench(
    bundles: Sequence[Bundle],
    runtimes: Sequence[Runtime],
    threads: Sequence[int],
    plan: Plan,
    *,
    left_out: Iterable[str] = (),
    tools: Tools | None = None,
) -> Report:
    """Measure every bundle, at least one, on every runtime and thread count.

    `left_out` are lines about runtimes that are not measured, for the report; `tools` are the real ones by default.

    Raises:
        CommandError: BAD_ARGUMENT, no bundle has a model for any of the runtimes.
        PulsekeyError: a model, or a file of the bundle or of the bench, cannot be used.
    """
    tools = tools or Tools()
    subjects, without = _subjects(bundles, runtimes)
    machine, before = read_machine(tools.root), read_condition(tools.root)
    whole_path, not_followed = _whole_path(bundles[0], subjects, tools)
    session = _Session(subjects, runtimes, plan, tools)
    found = [session.at(n) for n in threads]
    after = read_condition(tools.root)
    return Report(
        machine=machine,
        before=before,
        after=after,
        warnings=tuple(warnings(machine, before, after, max(threads))),
        runtimes={runtime.name: runtime.describe() for runtime in runtimes},
        left_out=(*left_out, *without, *not_followed),
        rounds=plan.rounds,
        calls=plan.calls,
        peaks=tuple(peak for peaks, _ in found for peak in peaks),
        rows=tuple(row for _, rows in found for row in rows),
        whole_path=whole_path,
        error_rates={bundle.manifest.model_id: ErrorRate.of(bundle.manifest) for bundle in bundles},
    )


def _subjects(bundles: Sequence[Bundle], runtimes: Sequence[Runtime]) -> tuple[list[Subject], list[str]]:
    subjects, without = [], []
    for bundle in bundles:
        for runtime in runtimes:
            if isinstance(runtime, PluginRuntime):
                subjects.append(runtime.subject(bundle))
                continue
            found = list(file_subjects(bundle, [runtime.name]))
            subjects += found
            if not found:
                without.append(f"{bundle.manifest.model_id} on {runtime.name}: no .{FORMAT_OF[runtime.name]} model")
    if not subjects:
        raise CommandError(
            CommandReason.BAD_ARGUMENT, f"nothing to measure: {'; '.join(without)}: give another --runtime or --bundle"
        )
    return subjects, without


def _whole_path(bundle: Bundle, subjects: Iterable[Subject], tools: Tools) -> tuple[WholePath | None, list[str]]:
    """Of the first bundle, in the first file that the device would run; and why not, where there is none."""
    tools.progress("whole path")
    for subject in subjects:
        if subject.model == bundle.manifest.model_id and subject.content is not None:
            embedder = load_embedder(bundle, cast(EmbedderRuntime, subject.runtime), cast(Precision, subject.precision))
            return measure_whole_path(bundle, embedder, subject.precision, tools.cpu_clock), []
    return None, ["whole path: needs a runtime that the device runs on, litert or onnxruntime"]


class _Session:
    """All rows, one thread count at a time."""

    def __init__(self, subjects: Sequence[Subject], runtimes: Sequence[Runtime], plan: Plan, tools: Tools) -> None:
        self._subjects = subjects
        self._limits = list(limit_subjects(runtime.name for runtime in runtimes))
        self._runtimes = {runtime.name: runtime for runtime in runtimes}
        self._plan = plan
        self._tools = tools

    def at(self, threads: int) -> tuple[list[Peak], list[Row]]:
        """The machine's peaks and every row, on so many threads."""
        costs = []
        for subject in self._subjects:
            self._tools.progress(f"loading {subject.label}")
            costs.append(self._tools.fresh(subject, threads))
        latencies = self._latencies(threads)
        own, limits = latencies[: len(costs)], latencies[len(costs) :]
        peaks = best(_peak(subject, threads, one) for subject, one in zip(self._limits, limits, strict=True))
        rows = [
            _row(subject, threads, cost, latency, peaks)
            for subject, cost, latency in zip(self._subjects, costs, own, strict=True)
        ]
        return peaks, rows

    def _latencies(self, threads: int) -> list[Latency]:
        """Of every subject, then of every limit."""
        turns = [
            (self._runtimes[subject.runtime].load(subject, threads), some_window(subject.window_samples))
            for subject in (*self._subjects, *self._limits)
        ]

        def progress(number: int) -> None:
            self._tools.progress(f"threads {threads}: round {number + 1} of {self._plan.rounds}")

        return [Latency.of(times) for times in interleaved(turns, self._plan, self._tools.clock, progress)]


def _peak(subject: Subject, threads: int, latency: Latency) -> Peak:
    macs_per_s = LIMIT_MACS / (latency.median_us * 1e-6)
    return Peak(subject.precision, threads, subject.runtime, latency.median_us, macs_per_s)


def _row(subject: Subject, threads: int, fresh: Fresh, latency: Latency, peaks: Iterable[Peak]) -> Row:
    macs = subject.architecture.macs
    peak = next((peak for peak in peaks if peak.precision == subject.precision), None)
    return Row(
        model=subject.model,
        format=subject.format,
        precision=subject.precision,
        runtime=subject.runtime,
        threads=threads,
        median_us=latency.median_us,
        p95_us=latency.p95_us,
        p99_us=latency.p99_us,
        windows_per_s=latency.windows_per_s,
        load_ms=fresh.load_ms,
        first_ms=fresh.first_ms,
        file_bytes=None if subject.content is None else len(subject.content),
        peak_rss_mib=fresh.peak_rss_mib,
        macs=macs,
        parameters=subject.architecture.parameters,
        ratio_to_limit=ratio_to_limit(latency.median_us, macs, peak),
        operators=subject.operators,
    )
