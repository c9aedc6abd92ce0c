"""Real schedulers and workers, each a process; one is killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import dask
import pytest
from dask.distributed import Client

from device.errors import CommandError, CommandReason
from device.frontend import FrontEndSpec
from tests.conftest import REPOSITORY
from tests.train.preparing.fakes import lay, opened, read_log
from train.preparing.cluster import workers
from train.preparing.plan import WINDOWS
from train.preparing.preparing import Prepared, prepare_sources
from train.preparing.reading import open_prepared
from train.preparing.writing import PARTS

PATIENCE_S = 270.0


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A dask command that ends with the test; its log can be read."""
    command = [sys.executable, "-m", "dask", *words]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as one:
        try:
            yield one
        finally:
            one.kill()


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """The address of a scheduler, and its two workers."""
    with ExitStack() as stack:
        scheduler = stack.enter_context(process("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"))
        assert scheduler.stderr is not None
        address = next(found[1] for line in scheduler.stderr if (found := re.search(r"(tcp://127\.\S+:\d+)", line)))
        Thread(target=scheduler.stderr.read, daemon=True).start()
        words = ("worker", address, "--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", str(folder))
        both = [stack.enter_context(process(*words)) for _ in range(2)]
        for one in both:
            assert one.stderr is not None
            Thread(target=one.stderr.read, daemon=True).start()
        yield address, both


@pytest.mark.timeout(600)
def test_a_killed_workers_tasks_run_again_and_nothing_is_lost_or_doubled(
    here: AbstractContextManager[Client], folder: Path, out: Path, spec: FrontEndSpec, tmp_path: Path
) -> None:
    lines = [f"p{k} {session} r{k}{session} good" for k in range(12) for session in (1, 2)]
    lines.insert(7, "p3 3 r33 waits")
    text = lay(folder, *lines)
    found: list[Prepared] = []
    with cluster(tmp_path) as (address, both):
        caller = Thread(target=lambda: found.append(prepare_sources(workers(address, 1), [text], out, spec, opened)))
        caller.start()
        reader = folder / "reader.pid"
        deadline = time.monotonic() + PATIENCE_S
        while not reader.exists():
            assert time.monotonic() < deadline
            assert caller.is_alive()
            time.sleep(0.05)
        pid = int(reader.read_text())
        assert pid in [one.pid for one in both]
        os.kill(pid, signal.SIGKILL)
        caller.join(PATIENCE_S)
    (prepared,) = found
    # A file whose maker died before it told of it is found there when the task runs again.
    assert prepared.made + prepared.there == len(lines)
    counts = prepared.counts["made:recordings"]
    assert (counts.records, counts.files, counts.unreadable) == (len(lines), len(lines), {})
    assert len(list((out / WINDOWS).rglob("*.parquet"))) == len(lines)
    opened_again = open_prepared(out)
    told = [facts.record for facts in opened_again.provenance()]
    assert sorted(told) == sorted(line.split()[2] for line in lines)
    assert set(read_log(folder)) == set(told)
    good = sum(len(opened_again.person_windows(person).pulse) for person in opened_again.people)
    assert good == counts.good > 0
    prepared = prepare_sources(here, [text], out, spec, opened)
    assert (prepared.made, prepared.there) == (0, len(lines))
    assert prepared.counts["made:recordings"] == counts
    assert list((out / PARTS).iterdir()) == []


@pytest.mark.timeout(600)
def test_a_record_that_kills_whoever_reads_it_is_told_and_the_others_are_prepared(
    folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    text = lay(folder, "p 1 a good", "q 1 b kills")
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        prepared = prepare_sources(workers(None, 1), [text], out, spec, opened)
    counts = prepared.counts["made:recordings"]
    assert counts.unreadable.keys() - {"a"} == {"b"}
    assert "died with it" in counts.unreadable["b"]
    assert counts.records + len(counts.unreadable) == 2


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.preparing.cluster.PATIENCE_S", 0.2)
    with (
        pytest.raises(CommandError, match=r"no workers at tcp://127\.0\.0\.1:1 ") as caught,
        workers("tcp://127.0.0.1:1", 1),
    ):
        pytest.fail("there is nobody")
    assert caught.value.reason is CommandReason.BAD_ARGUMENT
    assert "\n" not in str(caught.value)
