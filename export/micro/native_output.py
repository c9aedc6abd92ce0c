"""What native code writes to standard error, caught: TFLite Micro says there, and only there, what it lacks."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def native_stderr() -> Iterator[list[str]]:
    """Catch file descriptor 2 for as long as the block runs.

    Returns:
        A list that holds the lines once the block has ended, by an exception too.
    """
    lines: list[str] = []
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as caught:
            os.dup2(caught.fileno(), 2)
            try:
                yield lines
            finally:
                os.dup2(kept, 2)
                caught.seek(0)
                lines.extend(line for line in caught.read().decode(errors="replace").splitlines() if line.strip())
    finally:
        os.close(kept)
