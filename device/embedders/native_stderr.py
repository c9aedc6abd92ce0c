"""Runtimes write to the process's stderr from C++, where Python's own redirection does not reach."""

import contextlib
import os
import sys
from collections.abc import Iterator

_STDERR = 2
_CHATTER = "INFO:"
"""How LiteRT begins what it is pleased to announce; whatever else it writes, somebody should read."""


@contextlib.contextmanager
def caught_stderr() -> Iterator[list[str]]:
    """Catch what is written to file descriptor 2 while the block runs.

    It works for the whole process: what other threads write meanwhile is caught too.

    Returns:
        A list that holds the lines once the block has ended, by an exception too.
    """
    lines: list[str] = []
    with contextlib.suppress(ValueError, AttributeError):  # closed, or none at all
        sys.stderr.flush()
    try:
        kept = os.dup(_STDERR)
    except OSError:  # started without one: what is written goes nowhere as it is
        yield lines
        return
    # In memory, since a board's file system may be read-only.
    with os.fdopen(os.memfd_create("caught-stderr"), "rb") as caught, os.fdopen(kept, "wb"):
        os.dup2(caught.fileno(), _STDERR)
        try:
            yield lines
        finally:
            os.dup2(kept, _STDERR)
            caught.seek(0)
            lines.extend(line for line in caught.read().decode(errors="replace").splitlines() if line.strip())


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what is written to stderr while a model is loaded, and then write it, but for mere information.

    Where an exception escapes, all of it is written.
    """
    lines: list[str] = []
    try:
        with caught_stderr() as lines:
            yield
    except BaseException:
        _write(lines)
        raise
    _write([line for line in lines if not line.startswith(_CHATTER)])


def _write(lines: list[str]) -> None:
    if lines:
        os.write(_STDERR, "".join(f"{line}\n" for line in lines).encode())
