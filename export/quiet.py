"""Keeps what converters say of themselves off the terminal."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

from device.embedders.native_stderr import caught_stderr


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back progress, log lines and warnings of the converters; their errors are exceptions."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            caught_stderr(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(action="ignore"),
        ):
            yield
    finally:
        logging.disable(level)
