"""A pyserial port from a URL, set up for a board."""

import logging
import termios
from typing import Any

import serial

from firmware_bridge import ports
from firmware_bridge.port_errors import open_error
from firmware_bridge.port_list import list_boards

POLL_S = 0.25
"""A quiet port is asked four times a second whether it is to close or late; bytes wake the reader at once."""
SOCKET_POLL_S = 0.04
"""pyserial cannot say how much waits in a socket: its bytes are gathered for one frame's time instead."""
WRITE_S = 1.0
"""A command has a dozen bytes: a port that does not take them in a second is stuck."""

_logger = logging.getLogger(__name__)


def open_port(url: str, baud: int) -> Any:
    """The pyserial port of ``url``, nobody else's while it is open.

    Raises:
        PortError: there is no such port, or it may not be opened.
        RecordingError: ``replay://`` of a file that cannot be used.
    """
    ports.register()
    timeout_s = SOCKET_POLL_S if url.lower().startswith("socket://") else POLL_S
    try:
        port = serial.serial_for_url(url, baudrate=baud, timeout=timeout_s, write_timeout=WRITE_S, exclusive=True)
    except termios.error as error:
        raise open_error(url, OSError(*error.args), _known_ports) from error
    except (OSError, ValueError) as error:
        raise open_error(url, error, _known_ports) from error
    _lower_latency(port)
    return port


def _known_ports() -> list[str]:
    return [board.path for board in list_boards()]


def _lower_latency(port: Any) -> None:
    """Ask an FTDI bridge not to hold bytes back for 16 ms; other ports cannot, and need not."""
    try:
        port.set_low_latency_mode(True)
    except (AttributeError, OSError, ValueError) as error:
        _logger.debug("no low latency mode at %s: %s", port.port, error)
