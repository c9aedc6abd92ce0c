"""One mutant against its tests, in a child process that never writes the mutant to the tree.

The child is forked from a process that has loaded what all tests load, so that a mutant costs its tests and not their
imports. Hypothesis draws the same examples for every mutant, and keeps none.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from tests.mutation.targets import REPOSITORY

# What was loaded before the fork cannot have its assertions rewritten, and need not.
LATE = "ignore::pytest.PytestAssertRewriteWarning"
PROFILE, EXAMPLES = "mutants", 25
OPTIONS = ("-x", "-q", "-W", LATE, "-p", "no:cacheprovider", f"--hypothesis-profile={PROFILE}", "--timeout=0")
PACKAGES = ("device", "firmware_bridge", "train", "export")


class Outcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one trial: the child's processor time, and the clock's, which other programs make run."""

    cpu_s: int
    wall_s: float


class NoVerdictError(Exception):
    """The tests could not be run at all: no mutant was judged."""


class MutatedFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module of another text than its file's."""

    def __init__(self, file: str, source: str) -> None:
        self._name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._path = REPOSITORY / file
        self._source = source

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        package = [str(self._path.parent)] if self._path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=self, submodule_search_locations=package
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, str(self._path), "exec", dont_inherit=True), module.__dict__)


def attempt(file: str, source: str, tests: Sequence[str], limits: Limits, log: Path) -> tuple[Outcome, float]:
    """What the tests say of `file` with this text, and the seconds of processor time that took; `log` has their words.

    Raises:
        NoVerdictError: pytest found no test, or did not understand its arguments.
    """
    loaded = [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    if loaded:
        raise RuntimeError(f"{loaded[0]} is loaded already: its mutants would not be")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _run(file, source, tests, limits, log)
    status, used = _wait(child, limits.wall_s)
    if os.WIFSIGNALED(status):
        killed = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return Outcome.TIMED_OUT if killed else Outcome.KILLED, used
    code = os.waitstatus_to_exitcode(status)
    if code == 5:
        raise NoVerdictError(f"{' '.join(tests)}: no test was run, see {log}")
    return Outcome.SURVIVED if code == 0 else Outcome.KILLED, used


def _wait(child: int, wall_s: float) -> tuple[int, float]:
    """Exit status and processor time of a child; what it has started ends with it, whatever ends this process."""
    end = time.monotonic() + wall_s
    try:
        while True:
            done, status, usage = os.wait4(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() > end:
                _kill(child)
                _, status, usage = os.wait4(child, 0)
                break
            time.sleep(0.02)
    finally:
        _kill(child)
    return status, usage.ru_utime + usage.ru_stime


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _run(file: str, source: str, tests: Sequence[str], limits: Limits, log: Path) -> None:
    """The child: never comes back."""
    code = 3
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 5))
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.meta_path.insert(0, MutatedFinder(file, source))
        import pytest
        from hypothesis import Phase, settings

        # Fewer examples, none made smaller: what these miss, more might kill, never the other way round.
        quick = (Phase.explicit, Phase.generate)
        settings.register_profile(PROFILE, settings.get_profile("ci"), max_examples=EXAMPLES, phases=quick)
        code = int(pytest.main([*OPTIONS, f"--basetemp={log.with_suffix('.tmp')}", *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
