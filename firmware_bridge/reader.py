"""A board's messages from a port by URL: opened, understood, watched, and got back when it was unplugged."""

import logging
import termios
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import serial

from firmware_bridge import ports
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.link import Link
from firmware_bridge.messages import LinkLost, LinkRestored, Message, RecordingEnded
from firmware_bridge.port_errors import open_error
from firmware_bridge.port_list import list_boards
from firmware_bridge.protocol import BAUD
from firmware_bridge.tallies import Tally

START_S = 3.0
"""An Uno needs up to 2 s from its reset, at opening, to the first INFO."""
SILENCE_S = 3.0
"""A board sends INFO every second: one that is quiet for three has stopped, though its port stands."""
STATISTICS_S = 10.0
FIRST_RETRY_S, LAST_RETRY_S = 0.2, 5.0
"""A board that resets is back in a moment, an unplugged one when somebody cares: doubled in between."""
NAP_S = 0.1
"""close() is noticed within this while waiting for a retry."""
POLL_S = 0.25
"""A quiet port is asked four times a second whether it is to close or late; bytes wake the reader at once."""
SOCKET_POLL_S = 0.04
"""pyserial cannot say how much waits in a socket: its bytes are gathered for one frame's time instead."""
SOCKET_BYTES = 4096

_logger = logging.getLogger(__name__)


class BoardReader:
    """Iterate over it for the messages of the board at ``url``; use it as a context manager, or call close().

    Nothing is ever sent to the board. Once it has spoken, a lost link is yielded, waited for and restored.

    Args:
        url: a tty, ``sim://NAME``, ``replay://FILE``, ``socket://HOST:PORT`` or any other URL of pyserial.
        baud: of a tty; other ports have none.
        reconnect: whether to wait for a board that was there and went.
        now: seconds, never going back.
        sleep: waits for so many seconds.

    Raises:
        PortError: at opening, or from the iteration: nothing to open, nothing that can be read in 3 s, or
        unplugged. RecordingError: ``replay://`` of a file that cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        baud: int = BAUD,
        reconnect: bool = True,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._baud, self._reconnect, self._now, self._sleep = url, baud, reconnect, now, sleep
        self._tally = Tally()
        self._statistics_at = now() + STATISTICS_S
        self._spoke = False
        self._port: Any = None
        self._closing = False
        self._busy = threading.Lock()
        self._iteration = self._messages()

    def open(self) -> None:
        """Open the port now; entering the context or the first message does it otherwise."""
        if self._port is None:
            self._port = open_port(self._url, self._baud)

    def close(self) -> None:
        """End the iteration and free the port: at any time, repeatedly, from any thread or signal handler."""
        self._closing = True
        if self._busy.acquire(blocking=False):
            try:
                self._shut()
            finally:
                self._busy.release()
        else:
            # Somebody is inside __next__, perhaps below this very signal handler, and will shut the port on
            # leaving.
            cancel = getattr(self._port, "cancel_read", None)
            if cancel is not None:
                cancel()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        try:
            with self._busy:
                return next(self._iteration)
        finally:
            if self._closing:
                self.close()

    def _messages(self) -> Iterator[Message]:
        lost_at: float | None = None
        retry_s = FIRST_RETRY_S
        while not self._closing:
            try:
                for message in self._listen():
                    if lost_at is not None:
                        yield LinkRestored(self._tally.epoch, self._now() - lost_at)
                        lost_at, retry_s = None, FIRST_RETRY_S
                    if isinstance(message, RecordingEnded):
                        yield self._tally.statistics()
                        yield message
                        return
                    yield message
            except PortError as error:
                self._shut()
                if not self._may_come_back(error):
                    if self._spoke:
                        yield self._tally.statistics()
                    raise
                if lost_at is None:
                    lost_at = self._now()
                    self._tally.begin_epoch()
                    yield LinkLost(error.reason, str(error))
                self._rest(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)
        if self._spoke:
            yield self._tally.statistics()

    def _listen(self) -> Iterator[Message]:
        """The messages of one connection, until close()."""
        self.open()
        link = Link(self._tally)
        opened = self._now()
        quiet_since: float | None = None
        while not self._closing:
            before = self._now()
            data = self._read()
            quiet_since = None if data else before if quiet_since is None else quiet_since
            messages = link.feed(data, round(self._now() * 1e6)) if data else []
            self._spoke |= link.speaks
            yield from messages
            self._judge(link, opened, quiet_since)
            if link.speaks and self._now() >= self._statistics_at:
                self._statistics_at = self._now() + STATISTICS_S
                yield self._tally.statistics()

    def _judge(self, link: Link, opened: float, quiet_since: float | None) -> None:
        now = self._now()
        if not link.speaks and now - opened >= START_S:
            raise link.diagnosis(self._url, self._baud, START_S)
        # A sketch may print only while a finger is there; a board never falls silent.
        if link.speaks_frames and quiet_since is not None and now - quiet_since >= SILENCE_S:
            raise PortError(PortReason.SILENT, f"{self._url} fell silent: no byte in {now - quiet_since:.0f} s")

    def _read(self) -> bytes:
        """What has come, waiting a moment for the first byte of it; empty if none came."""
        try:
            if self._url.lower().startswith("socket://"):
                return bytes(self._port.read(SOCKET_BYTES))
            data = bytes(self._port.read(1))
            waiting = self._port.in_waiting if data else 0
            return data + bytes(self._port.read(waiting)) if waiting else data
        except OSError as error:
            raise PortError(PortReason.UNPLUGGED, f"{self._url} was unplugged") from error

    def _may_come_back(self, error: PortError) -> bool:
        return self._spoke and self._reconnect and error.reason is not PortReason.UNKNOWN_VERSION

    def _rest(self, seconds: float) -> None:
        until = self._now() + seconds
        while not self._closing and (left := until - self._now()) > 0:
            self._sleep(min(left, NAP_S))

    def _shut(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None


def open_port(url: str, baud: int) -> Any:
    """The pyserial port of ``url``, nobody else's while it is open.

    Raises:
        PortError: there is no such port, or it may not be opened.
        RecordingError: ``replay://`` of a file that cannot be used.
    """
    ports.register()
    timeout_s = SOCKET_POLL_S if url.lower().startswith("socket://") else POLL_S
    try:
        port = serial.serial_for_url(url, baudrate=baud, timeout=timeout_s, exclusive=True)
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
