"""The USB serial boards that are plugged in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serial.tools import list_ports

BY_ID = Path("/dev/serial/by-id")
"""udev's names: they stay with the board, whatever it is plugged into and in which order."""

_BOARDS: dict[tuple[int, int | None], str] = {
    (0x2341, 0x0043): "Arduino Uno R3",
    (0x2341, 0x0001): "Arduino Uno",
    (0x2341, 0x0243): "Arduino Uno R3",
    (0x2341, 0x006A): "Arduino Uno R3",
    (0x2A03, 0x0043): "Arduino Uno R3 (arduino.org)",
    (0x1A86, 0x7523): "CH340 bridge (Uno and Nano clones)",
    (0x10C4, 0xEA60): "CP2102 bridge (ESP32 boards)",
    (0x0403, 0x6001): "FTDI bridge",
    (0x2E8A, None): "Raspberry Pi RP2040",
    (0x303A, 0x1001): "ESP32-S3",
}


class UsbPort(Protocol):
    """What is used of pyserial's description of a port."""

    device: str
    vid: int | None
    pid: int | None
    product: str | None
    serial_number: str | None


@dataclass(frozen=True, slots=True)
class UsbIdentity:
    """What a board keeps wherever it is plugged in; many clones have no serial number."""

    vid: int
    pid: int
    serial_number: str | None


@dataclass(frozen=True, slots=True)
class ListedBoard:
    """A USB serial port: ``hint`` says what its ids are known for, which only an INFO frame can confirm."""

    path: str
    device: str
    hint: str
    known: bool
    usb: UsbIdentity | None = None


def list_boards(
    list_usb: Callable[[], Iterable[UsbPort]] = list_ports.comports, by_id: Path = BY_ID
) -> list[ListedBoard]:
    """The USB serial ports, likely boards first; never a /dev/ttyS*, which opens with nothing there."""
    stable = _stable_names(by_id)
    boards = []
    for port in list_usb():
        if port.vid is None or port.pid is None:
            continue
        hint = _BOARDS.get((port.vid, port.pid)) or _BOARDS.get((port.vid, None))
        name = hint or port.product or "unknown USB serial port"
        boards.append(
            ListedBoard(
                stable.get(str(Path(port.device).resolve()), port.device),
                port.device,
                f"{name} [{port.vid:04x}:{port.pid:04x}]",
                hint is not None,
                UsbIdentity(port.vid, port.pid, port.serial_number),
            )
        )
    return sorted(boards, key=lambda board: (not board.known, board.device))


def _stable_names(by_id: Path) -> dict[str, str]:
    try:
        return {str(link.resolve()): str(link) for link in sorted(by_id.iterdir())}
    except OSError:
        return {}  # udev removes the folder with the last board
