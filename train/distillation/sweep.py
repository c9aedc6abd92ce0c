"""Many runs, one after the other or several at a time; what is done is skipped."""

import logging
import multiprocessing
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from train.distillation.config import DistillationConfig, load_distillation
from train.errors import TrainError, TrainReason
from train.toml_files import build, read_toml

log = logging.getLogger(__name__)

BUSY_PAUSE_S = 2.0
"""Between two looks at runs that other workers are at."""


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """Every config with every seed, in order of seed, so that a sweep that is cut has compared all methods once."""

    seeds: list[int]
    configs: list[str]
    """Beside the sweep's file."""
    teachers: list[str]
    """Trained first, with the one seed of their file."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run."""

    config: DistillationConfig
    source: Path


def load_sweep(path: Path) -> list[Job]:
    """Every run of a sweep, teachers first.

    Raises:
        TrainError: the file, or one it names, is missing or is no experiment.
    """
    sweep = build(SweepConfig, read_toml(path), str(path))
    for name, kind in (("seeds", int), ("configs", str), ("teachers", str)):
        values = getattr(sweep, name)
        if not isinstance(values, list) or not all(type(value) is kind for value in values):
            raise TrainError(TrainReason.BAD_CONFIG, f"{path}: {name} = {values!r} is no list of {kind.__name__}")
    jobs = [Job(load_distillation(path.parent / name), path.parent / name) for name in sweep.teachers]
    for seed in sweep.seeds:
        sources = [path.parent / name for name in sweep.configs]
        jobs += [Job(load_distillation(source).with_seed(seed), source) for source in sources]
    names = [job.config.run_name for job in jobs]
    for name in names:
        if names.count(name) > 1:
            raise TrainError(TrainReason.BAD_CONFIG, f"{path} has two runs of the name {name}; name them apart")
    return jobs


def run_sweep(jobs: list[Job], recordings: Path, runs: Path, workers: int) -> None:
    """Train every run that is not done.

    Args:
        jobs: the runs.
        recordings: as ``Laboratory``.
        runs: as ``Laboratory``.
        workers: processes; each takes the next run that nobody is at. Give ``threads = 1`` in the configs with more
            than one: threads of two trainings that wait for each other slow both many times.

    Raises:
        TrainError: a run cannot be made; those before it are kept.
    """
    if workers == 1:
        _work(jobs, recordings, runs)
        return
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_worker, args=(jobs, recordings, runs)) for _ in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    failed = [process for process in processes if process.exitcode != 0]
    if failed:
        raise TrainError(
            TrainReason.NO_DATA, f"{len(failed)} of {workers} workers failed, as said above; mend it and sweep again"
        )


def _worker(jobs: list[Job], recordings: Path, runs: Path) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _work(jobs, recordings, runs)
    except TrainError as error:
        log.error("%s", error)
        sys.exit(2)


def _end_with_parent() -> None:
    """A sweep that is killed leaves no worker behind; each loses the epoch it was at."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(jobs: list[Job], recordings: Path, runs: Path) -> None:
    from train.distillation.run import Laboratory

    laboratory = Laboratory(recordings, runs)
    left = [job for job in jobs if not laboratory.done(job.config)]
    log.info("%d runs, %d of them done", len(jobs), len(jobs) - len(left))
    while left:
        busy = []
        for job in left:
            try:
                log.info("%s", laboratory.run(job.config, job.source))
            except TrainError as error:
                if error.reason is not TrainReason.RUN_BUSY:
                    raise
                busy.append(job)
        left = [job for job in busy if not laboratory.done(job.config)]
        if len(left) == len(busy) and left:
            time.sleep(BUSY_PAUSE_S)
