"""A BLE device's Nordic UART service, through bleak, whose event loop runs in one thread for all links."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from firmware_bridge.errors import PortError, PortReason

RX_UUID = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
"""Seen from the device: what it receives is written here."""
TX_UUID = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
FIND_S = 10.0
"""Sparing devices advertise each second or two, and a scan hears only some of it."""
CONNECT_S = 10.0
CLOSE_S = 5.0
"""A radio that does not let go is left to itself: its supervision time-out ends the connection."""

_Result = TypeVar("_Result")


def load_bleak() -> Any:
    """The library, which is an extra.

    Raises:
        PortError: BAD_URL, saying how it is installed.
    """
    try:
        import bleak
    except ImportError as error:
        raise PortError(PortReason.BAD_URL, f"ble:// needs bleak ({error}): pip install 'pulsekey[ble]'") from error
    return bleak


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    """Running, and never ended but with the process: bleak keeps a bus connection for each loop it has seen."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="BLE", daemon=True).start()
    return loop


class UartLink:
    """One connection to the device that advertises ``name``, or has that address.

    ``on_data`` gets each notification and ``on_lost`` is called once the connection is gone, both in the
    loop's thread.

    Raises:
        PortError: NOT_FOUND if it is not found within 10 s or cannot be connected to.
    """

    def __init__(self, name: str, on_data: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        self._name, self._on_data, self._on_lost = name, on_data, on_lost
        self._bleak = load_bleak()
        # What its back ends raise beside their own errors: D-Bus gone is an OSError or an EOFError.
        self.failures: tuple[type[Exception], ...] = (self._bleak.exc.BleakError, OSError, EOFError)
        self._client: Any = None
        try:
            _run(self._connect())
        except self.failures as error:
            self.close()
            why = " ".join(str(error).split()) or type(error).__name__
            raise PortError(
                PortReason.NOT_FOUND,
                f"cannot connect to the BLE device {name}: {why}; is Bluetooth on, and its service running?",
            ) from error
        except BaseException:
            self.close()
            raise

    def write(self, data: bytes, timeout_s: float | None) -> None:
        """Send ``data`` in pieces that fit a packet; raises one of ``failures``, TimeoutError among them."""
        _run(self._write(data), timeout_s)

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            with contextlib.suppress(*self.failures):  # It is gone then, which is what is wanted.
                _run(self._client.disconnect(), CLOSE_S)

    async def _connect(self) -> None:
        device = await self._bleak.BleakScanner.find_device_by_filter(self._is_wanted, timeout=FIND_S)
        if device is None:
            raise PortError(
                PortReason.NOT_FOUND,
                f"no BLE device {self._name} was found in {FIND_S:.0f} s: is it on, near, and connected to nobody?",
            )
        client = self._bleak.BleakClient(device, lambda _: self._on_lost(), timeout=CONNECT_S)
        self._client = client
        await client.connect()
        if client.services.get_characteristic(RX_UUID) is None or client.services.get_characteristic(TX_UUID) is None:
            raise PortError(PortReason.NOT_FOUND, f"the BLE device {self._name} has no Nordic UART service")
        await client.start_notify(TX_UUID, lambda _, data: self._on_data(bytes(data)))

    def _is_wanted(self, device: Any, advertisement: Any) -> bool:
        return self._name in (advertisement.local_name, device.name) or device.address.lower() == self._name.lower()

    async def _write(self, data: bytes) -> None:
        characteristic = self._client.services.get_characteristic(RX_UUID)
        size = characteristic.max_write_without_response_size  # the MTU less 3, as far as it is known
        confirmed = "write-without-response" not in characteristic.properties
        for start in range(0, len(data), size):
            await self._client.write_gatt_char(characteristic, data[start : start + size], response=confirmed)


def _run(work: Coroutine[Any, Any, _Result], timeout_s: float | None = None) -> _Result:
    future = asyncio.run_coroutine_threadsafe(work, _event_loop())
    try:
        return future.result(timeout_s)
    finally:
        future.cancel()
