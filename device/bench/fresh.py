"""Loading, first answer and memory, in a fresh process that holds one model and one runtime: `measure_fresh`.

The process is this module, run as a script: it reads a line of JSON and the model's bytes from stdin, and writes a line
of JSON to stdout, or what is wrong to stderr.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device.bench.runners import Window
from device.bench.runtimes import open_runtime
from device.bench.subjects import Subject
from device.embedders.protocol import first_line
from device.errors import BundleError, BundleReason
from device.manifest import Architecture
from firmware_bridge.errors import PulsekeyError

_LATER_CALLS = 5  # after them a runtime has all the memory it wants
_EXIT_ERROR = 2
_TIME_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Fresh:
    """What one model costs before it is warm."""

    load_ms: float
    """From the model's bytes, or its architecture, to a model that can be run; the runtime is loaded before."""
    first_ms: float
    """The first answer after that."""
    peak_rss_mib: float
    """Most memory of the whole process: Python, numpy, the device's code, runtime and model."""


def some_window(window_samples: int) -> Window:
    """A standardised window (window_samples,) of noise: how long an answer takes does not depend on what is asked."""
    return np.random.default_rng(0).standard_normal(window_samples).astype(np.float32)


def measure_fresh(subject: Subject, threads: int) -> Fresh:
    """Load the subject in a process of its own and ask it once.

    Raises:
        BundleError: BAD_MODEL, the runtime refuses it there, crashes or does not come back.
    """
    head = {
        "model": subject.model,
        "runtime": subject.runtime,
        "format": subject.format,
        "precision": subject.precision,
        "architecture": asdict(subject.architecture),
        "window_samples": subject.window_samples,
        "has_content": subject.content is not None,
        "threads": threads,
    }
    try:
        done = subprocess.run(
            # -P and the path as it is here: the very packages that this process runs, wherever it was started.
            [sys.executable, "-P", "-m", "device.bench.fresh"],
            input=json.dumps(head).encode() + b"\n" + (subject.content or b""),
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _bad(subject, f"no answer within {_TIME_LIMIT_S:.0f} s") from None
    if done.returncode != 0:
        raise _bad(subject, _why(done.returncode, done.stderr.decode(errors="replace")))
    return Fresh(**json.loads(done.stdout))


def _why(status: int, stderr: str) -> str:
    if status < 0:
        return f"the process that loaded it was ended by {signal.Signals(-status).name}"
    lines = stderr.strip().splitlines()
    return lines[-1] if lines else f"the process that loaded it ended with status {status}"


def _bad(subject: Subject, why: str) -> BundleError:
    prefix = f"{subject.label}: "
    return BundleError(
        BundleReason.BAD_MODEL,
        f"{prefix}{why.removeprefix(prefix)}; leave it out with --bundle or --runtime",
    )


def main() -> int:
    """Be the fresh process; returns its exit status."""
    head = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read() if head.pop("has_content") else None
    threads = head.pop("threads")
    architecture = Architecture(**head.pop("architecture"))
    subject = Subject(**head, architecture=architecture, content=content)
    try:
        print(json.dumps(asdict(_measured(subject, threads))))
    except PulsekeyError as error:
        print(error, file=sys.stderr)
        return _EXIT_ERROR
    return 0


def _measured(subject: Subject, threads: int) -> Fresh:
    runtime = open_runtime(subject.runtime)
    window = some_window(subject.window_samples)
    begun = time.perf_counter_ns()
    runner = runtime.load(subject, threads)
    loaded = time.perf_counter_ns()
    try:
        runner.run(window)
        answered = time.perf_counter_ns()
        for _ in range(_LATER_CALLS):
            runner.run(window)
    except Exception as error:  # each runtime has its own, and some are made at run time
        raise BundleError(
            BundleReason.BAD_MODEL,
            f"{subject.label}: the runtime cannot answer {window.size} samples: {first_line(error)}",
        ) from None
    return Fresh((loaded - begun) / 1e6, (answered - loaded) / 1e6, _peak_rss_mib())


def _peak_rss_mib() -> float:
    # Not getrusage: a process inherits the ru_maxrss of the one that started it, and that one holds every model.
    fields: dict[str, Any] = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line
    )
    return int(fields["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
