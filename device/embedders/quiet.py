"""Runtimes write to the process's stderr from C++, where Python's own redirection does not reach."""

import contextlib
import os
from collections.abc import Iterator

_CHATTER = b"INFO:"
"""How LiteRT begins what it is pleased to announce; whatever else it writes, somebody should read."""


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what is written to file descriptor 2 while a model is loaded.

    Afterwards all of it is written out but lines of mere information; where an exception escapes, those too. It works
    for the whole process: what other threads write meanwhile comes later.
    """
    try:
        stderr = os.dup(2)
    except OSError:
        stderr = -1
    if stderr == -1:  # started without one: what is written goes nowhere as it is
        yield
        return
    try:
        # In memory, since a board's file system may be read-only.
        held = os.memfd_create("held-stderr")
        try:
            os.dup2(held, 2)
            try:
                yield
            except BaseException:
                _release(held, stderr, everything=True)
                raise
            else:
                _release(held, stderr, everything=False)
        finally:
            os.close(held)
    finally:
        os.close(stderr)


def _release(held: int, stderr: int, *, everything: bool) -> None:
    os.dup2(stderr, 2)
    os.lseek(held, 0, os.SEEK_SET)
    with os.fdopen(os.dup(held), "rb") as file:
        lines = [line for line in file if everything or not line.startswith(_CHATTER)]
    with os.fdopen(os.dup(stderr), "wb") as file:
        file.writelines(lines)
