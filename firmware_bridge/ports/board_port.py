"""A pyserial port with a light board at its other end, in this process."""

import threading
import time
from collections.abc import Iterator

import serial

from firmware_bridge.board import LightBoard
from firmware_bridge.packets import Packet
from firmware_bridge.source_urls import source_of

MAX_QUEUED = 4096
"""As much as a pseudo-terminal holds; a board as fast as it is read prepares no more."""


class BoardPort(serial.SerialBase):  # type: ignore[misc]
    """Reads what the board of a ``sim://`` or ``replay://`` URL has sent by now, and hands it what is written."""

    BAUDRATES = (115200,)

    def open(self) -> None:
        """Boot the board.

        Raises:
            PortError: the URL is wrong.
            RecordingError: the recording cannot be used.
        """
        planned = source_of(self.port)
        self._speed = planned.speed
        self._board = LightBoard(planned.source)
        self._packets: Iterator[Packet] = self._board.boot()
        self._next: Packet | None = next(self._packets)
        self._waiting = bytearray()
        self._cancelled = threading.Event()
        self._booted = time.monotonic()
        self.is_open = True

    def close(self) -> None:
        """Stop the board."""
        if self.is_open:
            self.is_open = False
            self._cancelled.set()

    def _reconfigure_port(self) -> None:
        """There is no hardware to configure."""

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        self._check_open()
        self._collect(MAX_QUEUED)
        return len(self._waiting)

    def read(self, size: int = 1) -> bytes:
        """Up to ``size`` bytes, waiting for them until the time-out."""
        self._check_open()
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            self._collect(size)
            left = self._until_due()
            if deadline is not None:
                left = min(left, deadline - time.monotonic())
            if len(self._waiting) >= size or left <= 0 or self._cancelled.wait(min(left, threading.TIMEOUT_MAX)):
                break
        if self.is_open:
            self._cancelled.clear()
        data = bytes(self._waiting[:size])
        del self._waiting[:size]
        return data

    def write(self, data: bytes) -> int:
        """All of it, at once; the board answers with its next packet but one."""
        self._check_open()
        self._board.receive(bytes(data))
        return len(data)

    def cancel_read(self) -> None:
        """Let a waiting read return what it has."""
        self._cancelled.set()

    def _check_open(self) -> None:
        if not self.is_open:
            raise serial.PortNotOpenError()

    def _collect(self, wanted: int) -> None:
        while self._next is not None and len(self._waiting) < wanted and self._until_due() <= 0:
            self._waiting += self._next.data
            self._next = next(self._packets, None)

    def _until_due(self) -> float:
        """Seconds until the next packet, negative when it is late, for ever when there is none."""
        if self._next is None:
            return float("inf")
        if self._speed == 0:
            return 0.0
        return self._booted + self._next.due_s / self._speed - time.monotonic()
