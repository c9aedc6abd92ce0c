"""``ble://NAME_OR_ADDRESS``: pyserial finds the class by this module's name.

A serial line over Bluetooth Low Energy: the Nordic UART service, through bleak, the extra ``ble``. Tested against a
fake peripheral that stands in for bleak's scanner and client, with the bytes of a simulated board in notifications
of 20 bytes: samples, losing and regaining the link, writing. It has not been tested on a radio.
"""

import queue
import time
from urllib.parse import unquote

import serial

from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.ports.ble_link import UartLink

MAX_QUEUED = 4096
"""Notifications, of at most 512 bytes: two minutes of a board that nobody reads. As in a tty, the rest is lost."""
WAKE = b""


class Serial(serial.SerialBase):  # type: ignore[misc]
    """Reads what the device notifies, and writes to it."""

    BAUDRATES = (115200,)

    def open(self) -> None:
        """Find the device and connect to it, within about 20 s.

        Raises:
            PortError: BAD_URL if it names nothing or bleak is not installed, NOT_FOUND if nothing answers.
        """
        name = unquote(self.port.partition("://")[2])
        if not name:
            raise PortError(PortReason.BAD_URL, f"{self.port} names nothing: use ble://NAME or ble://ADDRESS")
        # A simple queue, since its put may be called in a signal handler that interrupts its get.
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._waiting = bytearray()
        self._is_lost = False
        self._link = UartLink(name, self._receive, self._lose)
        self.is_open = True

    def close(self) -> None:
        """Disconnect, which ends a waiting read too."""
        if self.is_open:
            self.is_open = False
            self._link.close()

    def _reconfigure_port(self) -> None:
        """There is no hardware to configure."""

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        self._check_open()
        while not self._arrived.empty():
            self._waiting += self._arrived.get()
        return len(self._waiting)

    def read(self, size: int = 1) -> bytes:
        """Up to ``size`` bytes, waiting for them until the time-out.

        Raises:
            SerialException: the device has gone, and all that it sent before has been read.
        """
        self._check_open()
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while len(self._waiting) < size:
            left_s = 0.0 if self._is_lost else None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                data = self._arrived.get(timeout=left_s)
            except queue.Empty:
                break
            if data == WAKE and not self._is_lost:
                break
            self._waiting += data
        if self._is_lost and not self._waiting:
            raise serial.SerialException(f"{self.port} has disconnected")
        data = bytes(self._waiting[:size])
        del self._waiting[:size]
        return data

    def cancel_read(self) -> None:
        """Let a waiting read return what it has."""
        self._arrived.put(WAKE)

    def write(self, data: bytes) -> int:
        """Send all of ``data``, within the write time-out if there is one; returns its length.

        Raises:
            SerialException: the device has gone, refuses it, or takes too long.
        """
        self._check_open()
        try:
            self._link.write(bytes(data), self._write_timeout)
        except self._link.failures as error:
            raise serial.SerialException(f"{self.port} cannot be written to: {error}") from error
        return len(data)

    def _check_open(self) -> None:
        if not self.is_open:
            raise serial.PortNotOpenError()

    def _receive(self, data: bytes) -> None:
        if self._arrived.qsize() < MAX_QUEUED:
            self._arrived.put(data)

    def _lose(self) -> None:
        self._is_lost = True
        self._arrived.put(WAKE)
