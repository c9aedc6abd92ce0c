"""A board's messages from a port by URL: opened, understood, watched, and got back when it was unplugged."""

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from firmware_bridge.board_place import BoardPlace
from firmware_bridge.commands import Commands
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.link import Link
from firmware_bridge.messages import LinkLost, LinkRestored, LinkStatistics, Message, RecordingEnded
from firmware_bridge.port_list import ListedBoard, list_boards
from firmware_bridge.port_opening import open_port
from firmware_bridge.protocol import BAUD, CommandCode
from firmware_bridge.seal_check import SealCheck
from firmware_bridge.sealing import check_key
from firmware_bridge.tallies import Tally

START_S = 3.0
"""An Uno needs up to 2 s from its reset, at opening, to the first INFO."""
SILENCE_S = 3.0
"""A board sends INFO every second: one that is quiet for three has stopped, though its port stands."""
STATISTICS_S = 10.0
ANSWER_S = 2.0
"""A board answers at once; what the port still holds of its frames comes first."""
FIRST_RETRY_S, LAST_RETRY_S = 0.2, 5.0
"""A board that resets is back in a moment, an unplugged one when somebody cares: doubled in between."""
NAP_S = 0.1
"""close() is noticed within this while waiting for a retry."""
SOCKET_BYTES = 4096
_FINAL = (PortReason.UNKNOWN_VERSION, PortReason.NOT_SEALED)
"""What is as it is however often the port is opened."""


class BoardReader:
    """Iterate over it for the messages of the board at ``url``; use it as a context manager, or call close().

    Nothing is sent to the board but commands and, with a key, nonces. Once it has spoken, a lost link is yielded,
    waited for and restored, under another name too if it is a USB board.

    Args:
        url: a tty, ``sim://NAME``, ``replay://FILE``, ``ble://NAME`` or any URL of pyserial, ``socket://HOST:PORT``.
        baud: of a tty; other ports have none.
        key: of the board, 16 bytes: only DATA that it seals is yielded, see ``sealing``. Without, all DATA is.
        reconnect: whether to wait for a board that was there and went.
        answer_s: seconds after which a command without an answer is given up.
        boards: lists the USB boards, to find one again.
        now: seconds, never going back.
        sleep: waits for so many seconds.

    Raises:
        PortError: at opening, or from the iteration: nothing to open, nothing that can be read in 3 s, nothing
        that is sealed though there is a key, or unplugged. RecordingError: ``replay://`` of a file that cannot be
        used. ValueError: a key of another length.
    """

    def __init__(
        self,
        url: str,
        *,
        baud: int = BAUD,
        key: bytes | None = None,
        reconnect: bool = True,
        answer_s: float = ANSWER_S,
        boards: Callable[[], list[ListedBoard]] = list_boards,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._baud, self._reconnect, self._now, self._sleep = url, baud, reconnect, now, sleep
        self._place = BoardPlace(url, boards)
        self._tally = Tally()
        if key is not None:
            check_key(key)
        self._key = key
        self._commands = Commands(answer_s)
        self._link: Link | None = None
        self._statistics_at = now() + STATISTICS_S
        self._spoke = False
        self._port: Any = None
        self._closing = False
        self._busy = threading.Lock()
        # Reentrant: a signal handler may close() the reader in the middle of a command.
        self._port_lock = threading.RLock()
        self._iteration = self._messages()

    def open(self) -> None:
        """Open the port now; entering the context or the first message does it otherwise."""
        if self._port is None:
            self._port = open_port(self._place.find(), self._baud)
            self._place.opened()

    def statistics(self) -> LinkStatistics:
        """The totals so far, which the iteration yields every 10 s; from any thread."""
        return self._tally.statistics()

    def command(self, code: CommandCode, argument: int = 0) -> int:
        """Send a command, from any thread; the iteration yields its ``CommandAnswered``.

        Args:
            code: what to do.
            argument: 32 bits, see ``CommandCode``.

        Returns:
            The sequence that the answer will carry.

        Raises:
            PortError: SILENT before the board's first INFO, since a board that starts may take bytes for a new
            program, and while it is gone; UNKNOWN_FORMAT of a text sketch, BAD_URL of a replay, UNPLUGGED.
            ValueError: the argument has more than 32 bits.
        """
        with self._port_lock:
            self._check_ready()
            sequence, data = self._commands.make(code, argument, self._now())
            try:
                self._write(data)
            except PortError:
                self._commands.withdraw(sequence)
                raise
        return sequence

    def _write(self, data: bytes) -> None:
        with self._port_lock:
            try:
                self._port.write(data)
            except OSError as error:
                raise PortError(PortReason.UNPLUGGED, f"{self._url} was unplugged, or takes no bytes") from error

    def _check_ready(self) -> None:
        link = self._link
        if self._url.lower().startswith("replay://"):
            raise PortError(PortReason.BAD_URL, f"{self._url} plays a recording and takes no commands")
        if self._port is None or link is None:
            raise PortError(PortReason.SILENT, f"{self._url} is not connected: send commands while it is read")
        if link.speaks and not link.speaks_frames:
            raise PortError(
                PortReason.UNKNOWN_FORMAT,
                f"{self._url} prints text and takes no commands; flash it with pulsekey's firmware",
            )
        if link.info is None:
            raise PortError(PortReason.SILENT, f"{self._url} has not said yet what it is: send commands after its INFO")

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
            with self._port_lock:
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
                        yield from self._last_messages()
                        yield message
                        return
                    yield message
            except PortError as error:
                self._shut()
                if not self._may_come_back(error):
                    yield from self._last_messages()
                    raise
                if lost_at is None:
                    lost_at = self._now()
                    self._tally.begin_epoch()
                    yield LinkLost(error.reason, str(error))
                    yield from self._commands.give_up()
                retry_s = FIRST_RETRY_S if self._rest(retry_s) else min(2 * retry_s, LAST_RETRY_S)
        yield from self._last_messages()

    def _last_messages(self) -> Iterator[Message]:
        if self._spoke:
            yield from self._commands.give_up()
            yield self._tally.statistics()

    def _listen(self) -> Iterator[Message]:
        """The messages of one connection, until close()."""
        self.open()
        seal = None if self._key is None else SealCheck(self._key, self._tally)
        link = Link(self._tally, self._commands, None if "://" in self._url else self._baud, seal)
        self._link = link
        opened = self._now()
        quiet_since: float | None = None
        while not self._closing:
            before = self._now()
            data = self._read()
            quiet_since = None if data else before if quiet_since is None else quiet_since
            messages = link.feed(data, round(self._now() * 1e6)) if data else []
            self._spoke |= link.speaks
            self._send_nonce(link)
            self._check_seal(link)
            yield from messages
            yield from self._commands.give_up(self._now())
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

    def _send_nonce(self, link: Link) -> None:
        nonce = link.take_nonce()
        if nonce is not None:
            self._write(self._commands.unanswered(CommandCode.NONCE, nonce))

    def _check_seal(self, link: Link) -> None:
        if link.is_doubtful:
            raise PortError(
                PortReason.NOT_SEALED,
                f"{self._url} sends samples that are not sealed with this key: flash the board with it (pulsekey "
                "firmware --key), or leave --board-key away",
            )

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
        return self._spoke and self._reconnect and error.reason not in _FINAL

    def _rest(self, seconds: float) -> bool:
        """Wait before a retry; True, and at once, when the board that was gone is plugged in again."""
        until = self._now() + seconds
        while not self._closing and (left := until - self._now()) > 0:
            if self._place.has_returned():
                return True
            self._sleep(min(left, NAP_S))
        return False

    def _shut(self) -> None:
        with self._port_lock:
            # What is opened next is a board that starts: it takes no command before it has spoken.
            self._link = None
            if self._port is not None:
                self._port.close()
                self._port = None
