"""What the operating system says about a port, as one line that tells what to do."""

import errno
import grp
import os
import stat
from collections.abc import Callable

from firmware_bridge.errors import PortError, PortReason

_GONE = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTDIR})
_HELD = frozenset({errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def open_error(url: str, error: OSError | ValueError, known_ports: Callable[[], list[str]]) -> PortError:
    """The error of a port that could not be opened.

    Args:
        url: as the user gave it.
        error: what pyserial raised; its own errors carry the number only sometimes, the cause always.
        known_ports: the ports there are, asked for only if ``url`` is none of them.
    """
    number = _number(error)
    if number in _HELD:
        return PortError(PortReason.BUSY, f"{url} is busy: another program reads it; stop that one first")
    if number in _FORBIDDEN:
        return PortError(PortReason.DENIED, f"no permission to read {url}; {_remedy(url)}")
    if "://" in url:
        if number is None:
            return PortError(PortReason.BAD_URL, f"{url} is no port: {_one_line(error)}")
        # A name that is not found has a number of the resolver's, below 0, and a text of its own.
        why = os.strerror(number) if number > 0 else _one_line(error)
        return PortError(PortReason.NOT_FOUND, f"{url} does not answer: {why}")
    if number in _GONE:
        ports = ", ".join(known_ports())
        advice = f"there are {ports}" if ports else "no USB serial board is plugged in"
        return PortError(PortReason.NOT_FOUND, f"no such port: {url}; {advice}")
    why = f"to read a file use replay://{url}" if os.path.isfile(url) else _one_line(error)
    return PortError(PortReason.BAD_URL, f"{url} is no serial port: {why}")


def _number(error: BaseException | None) -> int | None:
    """The errno of the error, or of what it was raised for: pyserial drops it from sockets' errors."""
    while error is not None:
        number = getattr(error, "errno", None)
        if isinstance(number, int):
            return number
        if isinstance(error, TimeoutError):
            return errno.ETIMEDOUT
        error = error.__cause__ or error.__context__
    return None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _remedy(path: str) -> str:
    """How to get at ``path``: join the group that may, or ask whoever owns it."""
    try:
        status = os.stat(path)
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return "ask the machine's administrator for the right to use it"
    if stat.S_IMODE(status.st_mode) & (stat.S_IRGRP | stat.S_IWGRP) != stat.S_IRGRP | stat.S_IWGRP:
        return f"not even its group {group} may read and write it: sudo chmod g+rw {path}"
    return f"its group is {group}: run 'sudo usermod -aG {group} $USER', then log out and in again"
