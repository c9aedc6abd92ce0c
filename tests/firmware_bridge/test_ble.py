"""``ble://`` against a fake peripheral in bleak's place, read by the real reader; no radio is touched."""

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import serial

from firmware_bridge import ports
from firmware_bridge.board import LightBoard
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.messages import LinkLost, LinkRestored, LinkStatistics, RecordingEnded, SampleBlock
from firmware_bridge.ports import ble_link
from firmware_bridge.ports.protocol_ble import MAX_QUEUED
from firmware_bridge.reader import BoardReader
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sources import RecordingSource

NAME, ADDRESS = "Pulse sensor", "AA:BB:CC:DD:EE:FF"
NOTIFIED_BYTES = 20
"""What a notification carries at the MTU that every device has."""


class Peripheral:
    """A device with a Nordic UART service; ``sends`` are the bytes of each of its connections."""

    def __init__(self, sends: list[bytes] | None = None) -> None:
        self.sends = sends or []
        self.written: list[tuple[bytes, bool]] = []
        self.properties = ["write", "write-without-response"]
        self.services = {ble_link.RX_UUID, ble_link.TX_UUID}
        self.is_near, self.takes_writes = True, True
        self.connect_error: Exception | None = None
        self.clients: list[Any] = []


class BleakError(Exception):
    pass


class Scanner:
    """What is used of bleak's scanner, with nothing near but ``peripheral``."""

    peripheral: Peripheral

    async def find_device_by_filter(self, filterfunc: Callable[[Any, Any], bool], timeout: float) -> Any:
        assert timeout == 10.0
        device = SimpleNamespace(name=None, address=ADDRESS)
        near = self.peripheral.is_near and filterfunc(device, SimpleNamespace(local_name=NAME))
        return device if near else None


class Client:
    """What is used of bleak's client, its services and characteristics."""

    peripheral: Peripheral

    def __init__(
        self, address_or_ble_device: Any, disconnected_callback: Callable[[Any], None], *, timeout: float
    ) -> None:
        assert address_or_ble_device.address == ADDRESS
        self._gone = disconnected_callback
        self.connected = False
        self.services = self
        self.max_write_without_response_size = NOTIFIED_BYTES
        self.properties = self.peripheral.properties

    async def connect(self) -> None:
        if self.peripheral.connect_error:
            raise self.peripheral.connect_error
        self.connected = True
        self.peripheral.clients.append(self)

    async def disconnect(self) -> None:
        self.drop()

    def drop(self) -> None:
        if self.connected:
            self.connected = False
            self._gone(self)

    def get_characteristic(self, uuid: str) -> Any:
        return self if uuid in self.peripheral.services else None

    async def start_notify(self, char_specifier: str, callback: Callable[[Any, bytearray], None]) -> None:
        assert char_specifier == ble_link.TX_UUID
        self.notify = callback
        if self.peripheral.sends:
            self._sending = asyncio.create_task(self._send(self.peripheral.sends.pop(0)))

    async def _send(self, data: bytes) -> None:
        for start in range(0, len(data), NOTIFIED_BYTES):
            self.notify(self, bytearray(data[start : start + NOTIFIED_BYTES]))
            await asyncio.sleep(0)
        if self.peripheral.sends:
            self.drop()

    async def write_gatt_char(self, char_specifier: Any, data: bytes, *, response: bool) -> None:
        assert char_specifier is self
        if not self.peripheral.takes_writes:
            raise BleakError("refused")
        self.peripheral.written.append((bytes(data), response))


def bleak_of(peripheral: Peripheral) -> SimpleNamespace:
    """What is used of bleak."""
    scanner, client = (type(kind.__name__, (kind,), {"peripheral": peripheral}) for kind in (Scanner, Client))
    return SimpleNamespace(BleakScanner=scanner(), BleakClient=client, exc=SimpleNamespace(BleakError=BleakError))


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Peripheral]]:
    """Puts a peripheral near; in the end none is connected."""
    made: list[Peripheral] = []

    def put(sends: list[bytes] | None = None) -> Peripheral:
        made.append(Peripheral(sends))
        monkeypatch.setattr(ble_link, "load_bleak", lambda: bleak_of(made[-1]))
        return made[-1]

    yield put
    assert not any(client.connected for peripheral in made for client in peripheral.clients)


def source() -> RecordingSource:
    return RecordingSource(Recording(np.sin(np.arange(2000) / 16), 125.0, "p", "s", "r"))


def boots(*ends: int | None) -> list[bytes]:
    """The bytes of a board that boots for each connection and goes on measuring; a cut ends all but the last."""
    board = LightBoard(source())
    sent = []
    for end in ends:
        packets = []
        for packet in board.boot():
            packets.append(packet.data)
            if end is not None and len(packets) == end:
                break
        sent.append(b"".join(packets))
    return sent


def open_port(timeout: float | None = 5.0, url: str = f"ble://{ADDRESS}", **options: Any) -> Any:
    ports.register()
    return serial.serial_for_url(url, timeout=timeout, **options)


def refusal(url: str = "ble://Pulse%20sensor") -> PortError:
    with pytest.raises(PortError) as caught, BoardReader(url):
        pass
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("url", ["ble://Pulse%20sensor", "BLE://Pulse sensor", f"ble://{ADDRESS.lower()}"])
def test_a_boards_samples_are_exact(near: Callable[..., Peripheral], url: str) -> None:
    near(boots(None))
    with BoardReader(url) as reader:
        messages = list(reader)
    wanted = source().read(2000)
    blocks = [message for message in messages if isinstance(message, SampleBlock)]
    assert [count for block in blocks for count in block.ir_counts.tolist()] == wanted[:, 0].tolist()
    assert [count for block in blocks for count in block.red_counts.tolist()] == wanted[:, 1].tolist()
    assert isinstance(messages[-1], RecordingEnded)
    statistics = messages[-2]
    assert isinstance(statistics, LinkStatistics)
    assert (statistics.samples, statistics.lost, statistics.corrupt) == (2000, 0, 0)


def test_a_link_that_breaks_is_restored(near: Callable[..., Peripheral]) -> None:
    peripheral = near(boots(101, None))
    with BoardReader("ble://Pulse%20sensor") as reader:
        messages = list(reader)
    lost = next(i for i, message in enumerate(messages) if isinstance(message, LinkLost))
    assert messages[lost].reason is PortReason.UNPLUGGED  # type: ignore[union-attr]
    assert isinstance(messages[lost + 1], LinkRestored)
    blocks = [message for message in messages if isinstance(message, SampleBlock)]
    assert sum(len(block.ir_counts) for block in messages[:lost] if isinstance(block, SampleBlock)) == 500
    assert [count for block in blocks for count in block.ir_counts.tolist()] == source().read(2000)[:, 0].tolist()
    assert {block.epoch for block in blocks} == {0, 1}
    assert len(peripheral.clients) == 2


def test_what_is_written_goes_in_pieces(near: Callable[..., Peripheral]) -> None:
    peripheral = near()
    data = bytes(range(50))
    with open_port() as port:
        assert port.write(data) == 50
        peripheral.properties.remove("write-without-response")
        port.write(b"x")
    assert peripheral.written == [(data[:20], False), (data[20:40], False), (data[40:], False), (b"x", True)]


def test_a_refused_write_is_an_error(near: Callable[..., Peripheral]) -> None:
    near().takes_writes = False
    with open_port() as port, pytest.raises(serial.SerialException, match="refused"):
        port.write(b"x")


def test_a_lost_device_gives_what_it_sent_and_then_an_error(near: Callable[..., Peripheral]) -> None:
    near([b"abc", b""])
    with open_port(timeout=None) as port:
        assert port.read(2) == b"ab"
        assert port.read(9) == b"c"
        for _ in range(2):
            with pytest.raises(serial.SerialException, match="has disconnected"):
                port.read(1)


def test_reading_waits_no_longer_than_its_time_out(near: Callable[..., Peripheral]) -> None:
    near([b"abc"])
    with open_port(timeout=0.05) as port:
        assert port.read(9) == b"abc"
        assert port.read(1) == b""
        port.timeout = 0
        assert port.read(1) == b""


def test_what_waits_is_told(near: Callable[..., Peripheral]) -> None:
    near([b"x" * 45])
    with open_port() as port:
        first = port.read(41)  # Comes with the third notification.
        assert port.in_waiting == 45 - len(first)
        assert port.read(port.in_waiting) == b"xxxx"
        assert port.in_waiting == 0


@pytest.mark.parametrize("end", ["cancel_read", "close"])
def test_a_waiting_read_can_be_ended(near: Callable[..., Peripheral], end: str) -> None:
    near([b"abc"])
    port = open_port(timeout=None)
    timer = threading.Timer(0.1, getattr(port, end))
    timer.start()
    began = time.monotonic()
    assert port.read(9) == b"abc"
    assert time.monotonic() - began < 5
    timer.join()
    port.close()
    with pytest.raises(serial.PortNotOpenError):
        port.read(1)


def test_a_device_that_nobody_reads_does_not_fill_the_memory(near: Callable[..., Peripheral]) -> None:
    peripheral = near()
    with open_port() as port:
        for _ in range(MAX_QUEUED + 100):
            peripheral.clients[0].notify(None, bytearray(b"x"))
        assert port.in_waiting == MAX_QUEUED


def test_a_device_that_is_not_there(near: Callable[..., Peripheral]) -> None:
    near().is_near = False
    error = refusal()
    assert error.reason is PortReason.NOT_FOUND
    assert "no BLE device Pulse sensor was found in 10 s" in str(error)


@pytest.mark.parametrize(
    ("cause", "told"),
    [(FileNotFoundError(2, "No such file or directory"), "No such file"), (TimeoutError(), "TimeoutError")],
)
def test_a_device_that_cannot_be_connected_to(near: Callable[..., Peripheral], cause: Exception, told: str) -> None:
    near().connect_error = cause
    error = refusal()
    assert error.reason is PortReason.NOT_FOUND
    assert told in str(error)
    assert "is Bluetooth on" in str(error)


def test_a_device_without_the_service(near: Callable[..., Peripheral]) -> None:
    near().services.remove(ble_link.TX_UUID)
    assert "Pulse sensor has no Nordic UART service" in str(refusal())


def test_a_url_that_names_nothing() -> None:
    assert refusal("ble://").reason is PortReason.BAD_URL


def test_without_bleak_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    error = refusal()
    assert error.reason is PortReason.BAD_URL
    assert str(error).endswith("pip install 'pulsekey[ble]'")


@pytest.mark.parametrize(
    "method",
    [
        "BleakScanner.find_device_by_filter",
        "BleakClient.__init__",
        "BleakClient.connect",
        "BleakClient.disconnect",
        "BleakClient.start_notify",
        "BleakClient.write_gatt_char",
    ],
)
def test_the_fake_is_called_as_bleak_is(method: str) -> None:
    bleak: Any = pytest.importorskip("bleak", reason="bleak is not installed")
    kind, name = method.split(".")
    ours, theirs = (
        inspect.signature(getattr(getattr(library, kind), name)).parameters
        for library in (bleak_of(Peripheral()), bleak)
    )
    assert set(ours) <= set(theirs)


def test_bleak_has_what_else_is_used_of_it() -> None:
    pytest.importorskip("bleak", reason="bleak is not installed")
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData
    from bleak.backends.service import BleakGATTServiceCollection

    assert issubclass(ble_link.load_bleak().exc.BleakError, Exception)
    assert {"max_write_without_response_size", "properties"} <= set(dir(BleakGATTCharacteristic))
    assert "get_characteristic" in dir(BleakGATTServiceCollection)
    assert "local_name" in dir(AdvertisementData)
    assert {"name", "address"} <= {*dir(BLEDevice), *getattr(BLEDevice, "__slots__", ())}
