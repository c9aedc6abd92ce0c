"""`--on-unlock CMD` and `--on-lock CMD`: programs that are run, without a shell, as the lock changes."""

import argparse
import os
import shlex
import shutil

from device.errors import HookError, HookReason
from device.hooks.change import Change
from device.hooks.execution import execute

TIMEOUT_S = 10.0
"""A lock waits for no program longer than this."""
_KEPT = ("PATH", "HOME", "LANG")
_TOLD_CHARACTERS = 200

Program = tuple[str, ...]
"""An absolute path, and its arguments."""


def program(text: str) -> Program:
    """What a shell would make of these words; an argument's type.

    Raises:
        argparse.ArgumentTypeError: they are none, or there is no such program.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
    if not words:
        raise argparse.ArgumentTypeError("name a program")
    found = shutil.which(words[0], path=_environment().get("PATH"))
    if found is None:
        raise argparse.ArgumentTypeError(
            f"no program {words[0]!r}: install it, or give its whole path (it is run without a shell)"
        )
    return (os.path.abspath(found), *words[1:])


class CommandHook:
    """Runs one program for an unlock, another for a lock; either may be missing."""

    name = "command"
    in_order = True

    def __init__(self, on_unlock: Program | None, on_lock: Program | None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._on_unlock = on_unlock
        self._on_lock = on_lock
        self._timeout_s = timeout_s

    def apply(self, change: Change) -> None:
        """Run the program, told who, what, why and when by PULSEKEY_PERSON, _STATE, _REASON and _TIME.

        Raises:
            HookError: NOT_STARTED, TIMED_OUT, or FAILED for any exit status but 0, with what it said.
        """
        words = self._on_lock if change.locked else self._on_unlock
        if words is None:
            return
        option = "--on-lock" if change.locked else "--on-unlock"
        try:
            done = execute(words, _environment() | _told(change), self._timeout_s)
        except OSError as error:
            raise HookError(HookReason.NOT_STARTED, f"{option} {words[0]}: {error.strerror}") from error
        said = _one_line(done.output)
        if done.status is None:
            raise HookError(
                HookReason.TIMED_OUT, f"{option} {words[0]} ran for {self._timeout_s:g} s and was killed{said}"
            )
        if done.status != 0:
            how = f"exit status {done.status}" if done.status > 0 else f"ended by signal {-done.status}"
            raise HookError(HookReason.FAILED, f"{option} {words[0]}: {how}{said}")

    def close(self) -> None:
        """Nothing to let go of."""


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def _told(change: Change) -> dict[str, str]:
    return {
        "PULSEKEY_PERSON": change.person,
        "PULSEKEY_STATE": change.state,
        "PULSEKEY_REASON": change.reason,
        "PULSEKEY_TIME": change.time_utc,
    }


def _one_line(output: str) -> str:
    text = " ".join(output.split())
    if len(text) > _TOLD_CHARACTERS:
        text = f"{text[:_TOLD_CHARACTERS]} ..."
    return f"; it said: {''.join(c if c.isprintable() else '?' for c in text)}" if text else ""
