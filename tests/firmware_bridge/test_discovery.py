"""Which ports there are, and the one that is a board."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.board import LightBoard
from firmware_bridge.discovery import find_board
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.port_list import ListedBoard, UsbIdentity, list_boards
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sources import RecordingSource


@dataclass
class Usb:
    device: str
    vid: int | None = None
    pid: int | None = None
    product: str | None = None
    serial_number: str | None = None


def listed(path: str) -> ListedBoard:
    return ListedBoard(path, path, "", True)


@pytest.fixture
def boards() -> Iterator[list[ListedBoard]]:
    with ExitStack() as stack:
        source = RecordingSource(Recording(np.sin(np.arange(5000) / 16), 125.0, "p", "s", "r"))
        yield [listed(stack.enter_context(PtyBoard(LightBoard(source))).path) for _ in range(2)]


def test_ports_are_known_by_their_ids_and_named_stably(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    (by_id / "usb-1a86-if00").symlink_to(device)
    found = list_boards(
        lambda: [
            Usb("/dev/ttyS0"), Usb("/dev/ttyACM9", 0x1234, 0x5678, "Modem"), Usb(str(device), 0x1A86, 0x7523),
            Usb("/dev/ttyACM0", 0x2E8A, 0x000A), Usb("/dev/ttyAMA0"), Usb("/dev/ttyACM1", 0x9999, 0x0001),
        ],
        by_id,
    )  # fmt: skip
    assert [(board.path, board.known) for board in found] == [
        ("/dev/ttyACM0", True), (str(by_id / "usb-1a86-if00"), True),
        ("/dev/ttyACM1", False), ("/dev/ttyACM9", False),
    ]  # fmt: skip
    assert found[0].hint == "Raspberry Pi RP2040 [2e8a:000a]"
    assert found[3].hint == "Modem [1234:5678]"


def test_no_by_id_folder_is_no_stable_name(tmp_path: Path) -> None:
    usb = Usb("/dev/ttyACM0", 0x2341, 0x0043, serial_number="7")
    (found,) = list_boards(lambda: [usb], tmp_path / "none")
    assert found.path == "/dev/ttyACM0"
    assert found.usb == UsbIdentity(0x2341, 0x0043, "7")


def test_the_only_board_that_answers_is_found(boards: list[ListedBoard]) -> None:
    ports = [listed("/dev/ttyNONE"), boards[0]]
    assert find_board(boards=lambda: ports) == boards[0].path


def test_several_boards_are_named(boards: list[ListedBoard]) -> None:
    with pytest.raises(PortError, match=f"{boards[0].path} or {boards[1].path}") as caught:
        find_board(boards=lambda: boards)
    assert caught.value.reason is PortReason.AMBIGUOUS


def test_no_board_says_why_not() -> None:
    with pytest.raises(PortError, match="no USB serial port is plugged in") as caught:
        find_board(boards=list)
    assert caught.value.reason is PortReason.NOT_FOUND
    with pytest.raises(PortError, match="no board found: no such port: /dev/ttyNONE"):
        find_board(boards=lambda: [listed("/dev/ttyNONE")])
