"""Running a program without a shell: for so long and no longer, with so much of what it says and no more."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

MAX_OUTPUT_BYTES = 4096
_CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Execution:
    """How it ended: `status` as `subprocess` gives it, None for a time-out; the first of stdout and stderr together."""

    status: int | None
    output: str


def execute(words: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> Execution:
    """Run a program to its end, or kill it with all that it started.

    What it leaves running in the background when it ends in time is let be, but can write to nobody any more.

    Raises:
        OSError: it cannot be started.
    """
    with subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        output, ended = bytearray(), False
        try:
            ended = _ends(child.pid, child.stdout, output, timeout_s)
        finally:
            if not ended:
                os.killpg(child.pid, signal.SIGKILL)  # its leader has not been waited for: the number is still its own
    return Execution(child.returncode if ended else None, output.decode("utf-8", "replace"))


def _ends(pid: int, pipe: IO[bytes], output: bytearray, timeout_s: float) -> bool:
    """Whether it ends in time; what it writes is read throughout, so that it never waits for that, and kept in part."""
    deadline_s = time.monotonic() + timeout_s
    os.set_blocking(pipe.fileno(), False)
    handle = os.pidfd_open(pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            selector.register(pipe, selectors.EVENT_READ)
            while (left_s := deadline_s - time.monotonic()) > 0.0:
                ready = {key.fd for key, _ in selector.select(left_s)}
                if pipe.fileno() in ready and not _read(pipe, output):
                    selector.unregister(pipe)
                if handle in ready:
                    _read(pipe, output)
                    return True
    finally:
        os.close(handle)
    return False


def _read(pipe: IO[bytes], output: bytearray) -> bool:
    """Read once; False at the end of it."""
    data = pipe.read(_CHUNK_BYTES)  # None where there is nothing just now
    output += (data or b"")[: MAX_OUTPUT_BYTES - len(output)]
    return data != b""
