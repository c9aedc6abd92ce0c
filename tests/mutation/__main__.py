"""``python -m tests.mutation [--module NAME] [--sample N] [--seed N]``: who kills the mutants; make mutants.

The exit status is 1 where fewer than 85 in 100 of a module are killed, 2 where the tests fail without a mutant.
"""

import argparse
import importlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.interval import wilson
from tests.mutation.mutants import all_mutants, sample_of
from tests.mutation.targets import REPOSITORY, TARGETS, Target
from tests.mutation.trial import Limits, NoVerdictError, Outcome, attempt

ASKED = 0.85
FIRST = Limits(cpu_s=300, wall_s=600.0)
SHARED = (
    "hypothesis",
    "numpy",
    "onnx",
    "pytest",
    "scipy.signal",
    "cobs.cobs",
    "cryptography.hazmat.primitives.ciphers.aead",
)
"""What the child processes need not load again: nothing of ours, and nothing that starts a thread."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print survivors and counts of every module that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--module", choices=list(TARGETS), action="append", help="one of these; by default all")
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="mutants of each module; 0 = all of them")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the sample")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in SHARED:
        importlib.import_module(name)
    enough = True
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for module in given.module or TARGETS:
            try:
                enough &= _judge(module, TARGETS[module], given.sample, given.seed, Path(folder))
            except NoVerdictError as error:
                print(error, file=sys.stderr)
                return 2
    return 0 if enough else 1


def _judge(name: str, target: Target, size: int, seed: int, folder: Path) -> bool:
    """Try a sample of one module's mutants; whether enough were killed."""
    sources = {file: (REPOSITORY / file).read_text(encoding="utf-8") for file in target.files}
    every = [mutant for file, source in sources.items() for mutant in all_mutants(file, source)]
    sample = sample_of(sources, every, size or len(every), seed)
    limits = _limits(name, target, sources, folder)
    outcomes = []
    for mutant in sample:
        original = sources[mutant.file]
        log = folder / "trial.log"
        outcome, _ = attempt(mutant.file, mutant.source(original), target.tests, limits, log)
        shutil.rmtree(log.with_suffix(".tmp"), ignore_errors=True)
        outcomes.append(outcome)
        if outcome is not Outcome.KILLED:
            print(f"  {outcome}: {mutant.shown(original)}", flush=True)
    killed = len(sample) - outcomes.count(Outcome.SURVIVED)
    low, high = wilson(killed, len(sample))
    late = outcomes.count(Outcome.TIMED_OUT)
    print(
        f"{name}: {killed} of {len(sample)} killed ({late} by time), {killed / len(sample):.0%}, "
        f"95 % interval {low:.0%} to {high:.0%}; sample of {len(every)} mutants, seed {seed}",
        flush=True,
    )
    return killed >= ASKED * len(sample)


def _limits(name: str, target: Target, sources: dict[str, str], folder: Path) -> Limits:
    """Ten times what the tests take without a mutant; they have to pass."""
    file = target.files[0]
    outcome, cpu_s = attempt(file, sources[file], target.tests, FIRST, folder / "trial.log")
    if outcome is not Outcome.SURVIVED:
        last = (folder / "trial.log").read_text(encoding="utf-8", errors="replace").rstrip().splitlines()[-1:]
        raise NoVerdictError(f"{name}: its tests fail without any mutant: {' '.join(last)}")
    return Limits(cpu_s=int(10 * cpu_s) + 10, wall_s=300.0 + 30 * cpu_s)


if __name__ == "__main__":
    sys.exit(main())
