"""A board that comes back under another name is found by what it is, and no other is taken for it."""

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.board import LightBoard
from firmware_bridge.board_place import BoardPlace
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.messages import LinkLost, LinkRestored, Message, SampleBlock
from firmware_bridge.port_list import ListedBoard, UsbIdentity
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from firmware_bridge.recordings.recording import Recording
from firmware_bridge.sources import RecordingSource

UNO = UsbIdentity(0x2341, 0x0043, "7513")
OTHER_UNO = UsbIdentity(0x2341, 0x0043, "9999")
CLONE = UsbIdentity(0x1A86, 0x7523, None)


def listed(device: str, usb: UsbIdentity | None, path: str = "") -> ListedBoard:
    return ListedBoard(path or device, device, "", True, usb)


def place(url: str, at_opening: list[ListedBoard], later: list[ListedBoard]) -> BoardPlace:
    lists = iter([at_opening, later])
    made = BoardPlace(url, lambda: next(lists))
    assert made.find() == url
    made.opened()
    return made


def test_the_serial_number_finds_it_under_another_name() -> None:
    made = place("/dev/ttyACM0", [listed("/dev/ttyACM0", UNO)], [listed("/dev/ttyACM1", UNO)])
    assert made.find() == "/dev/ttyACM1"


def test_the_name_by_id_finds_it() -> None:
    by_id = "/dev/serial/by-id/usb-1a86"
    made = place("/dev/ttyUSB0", [listed("/dev/ttyUSB0", CLONE, by_id)], [listed("/dev/ttyUSB3", CLONE, by_id)])
    assert made.find() == by_id


def test_a_name_that_is_another_boards_now_is_not_opened() -> None:
    made = place("/dev/ttyACM0", [listed("/dev/ttyACM0", UNO)], [listed("/dev/ttyACM0", OTHER_UNO)])
    with pytest.raises(PortError, match="/dev/ttyACM0 is another board now") as caught:
        made.find()
    assert caught.value.reason is PortReason.NOT_FOUND


def test_it_is_found_beside_another_that_took_its_name() -> None:
    later = [listed("/dev/ttyACM0", OTHER_UNO), listed("/dev/ttyACM1", UNO)]
    made = place("/dev/ttyACM0", [listed("/dev/ttyACM0", UNO)], later)
    assert made.find() == "/dev/ttyACM1"


def test_a_clone_that_stood_beside_it_is_not_taken_for_it() -> None:
    beside = listed("/dev/ttyUSB1", CLONE)
    made = place("/dev/ttyUSB0", [listed("/dev/ttyUSB0", CLONE), beside], [beside])
    assert made.find() == "/dev/ttyUSB0"
    made = place("/dev/ttyUSB0", [listed("/dev/ttyUSB0", CLONE), beside], [beside, listed("/dev/ttyUSB2", CLONE)])
    assert made.find() == "/dev/ttyUSB2"


def test_a_port_that_is_no_usb_board_keeps_its_name() -> None:
    made = place("/dev/ttyAMA0", [listed("/dev/ttyACM0", UNO)], [])
    assert made.find() == "/dev/ttyAMA0"


def test_urls_are_no_usb_boards() -> None:
    def never() -> list[ListedBoard]:
        raise AssertionError("asked")

    made = BoardPlace("socket://localhost:1", never)
    made.opened()
    assert made.find() == "socket://localhost:1"


def board() -> PtyBoard:
    recording = Recording(np.sin(np.arange(5000) / 16), 125.0, "p", "s", "r")
    return PtyBoard(LightBoard(RecordingSource(recording)))


def test_the_reader_follows_its_board_to_another_name(tmp_path: Path) -> None:
    """What udev does: the board's old name goes to another board, its link by id to its new name."""
    by_id = tmp_path / "usb-Arduino-7513"
    old_name, boards = tmp_path / "ttyACM0", [board()]
    old_name.symlink_to(boards[0].path)
    plugged = [listed(str(old_name), UNO, str(by_id))]
    by_id.symlink_to(old_name)
    messages: list[Message] = []
    with BoardReader(str(old_name), boards=lambda: list(plugged)) as reader:
        for message in reader:
            messages.append(message)
            if isinstance(message, SampleBlock) and len(boards) == 1:
                boards[0].close()
                old_name.unlink()
                boards += [board(), board()]
                plugged[:] = [
                    listed(boards[1].path, UNO, str(by_id)),
                    listed(str(old_name), OTHER_UNO),
                ]
                by_id.unlink()
                by_id.symlink_to(boards[1].path)
                old_name.symlink_to(boards[2].path)
            elif isinstance(message, SampleBlock) and message.epoch == 1:
                break
        opened = reader._port.port
    for one in boards[1:]:
        one.close()
    assert [type(m) for m in messages if isinstance(m, LinkLost | LinkRestored)] == [LinkLost, LinkRestored]
    assert opened == str(by_id)
