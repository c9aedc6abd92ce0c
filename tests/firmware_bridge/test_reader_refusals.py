"""Every way a port can be wrong: each is one line that says what to do."""

import errno
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial

from firmware_bridge import port_opening
from firmware_bridge.board import LightBoard
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.protocol import DataFrame
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from tests.firmware_bridge.reading import STEP_S, refusal, source


def test_a_port_that_is_read_already_is_busy() -> None:
    with PtyBoard(LightBoard(source())) as board, BoardReader(board.path):
        error = refusal(BoardReader(board.path))
    assert error.reason is PortReason.BUSY
    assert str(error) == f"{board.path} is busy: another program reads it; stop that one first"


def test_no_such_port_names_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_opening, "_known_ports", lambda: ["/dev/ttyACM0"])
    error = refusal(BoardReader("/dev/ttyNONE"))
    assert (error.reason, str(error)) == (
        PortReason.NOT_FOUND,
        "no such port: /dev/ttyNONE; there are /dev/ttyACM0",
    )
    monkeypatch.setattr(port_opening, "_known_ports", lambda: [])
    assert "no USB serial board is plugged in" in str(refusal(BoardReader("/dev/ttyNONE")))


def test_permission_denied_says_which_group_to_join(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def denied(url: str, **_: Any) -> None:
        raise serial.SerialException(errno.EACCES, f"could not open port {url}: [Errno 13] Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", denied)
    tty = tmp_path / "tty"
    tty.touch()
    tty.chmod(0o660)
    error = refusal(BoardReader(str(tty)))
    assert error.reason is PortReason.DENIED
    group = tty.group()
    assert f"its group is {group}: run 'sudo usermod -aG {group} $USER'" in str(error)
    tty.chmod(0o600)
    assert f"sudo chmod g+rw {tty}" in str(refusal(BoardReader(str(tty))))


@pytest.mark.parametrize(
    ("url", "match"),
    [("nosuch://x", "no port"), ("socket://nowhere", "no port"),
     ("/etc/hostname", "use replay:///etc/hostname"), ("/tmp", "no serial port")],
)  # fmt: skip
def test_what_is_no_port(url: str, match: str) -> None:
    error = refusal(BoardReader(url))
    assert error.reason is PortReason.BAD_URL
    assert match in str(error)


@pytest.mark.parametrize(
    ("cause", "match"),
    [(TimeoutError("timed out"), "timed out"), (socket.gaierror(-2, "Name unknown"), "Name unknown")],
)
def test_a_socket_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, cause: OSError, match: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise cause

    monkeypatch.setattr(socket, "create_connection", fail)
    error = refusal(BoardReader("socket://board.example:7000"))
    assert error.reason is PortReason.NOT_FOUND
    assert match in str(error)


def test_nobody_listens_at_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    error = refusal(BoardReader(f"socket://127.0.0.1:{number}"))
    assert error.reason is PortReason.NOT_FOUND
    assert "Connection refused" in str(error)


def test_a_silent_board(line: Any, clock: Callable[[float], Any]) -> None:
    error = refusal(BoardReader(line.path, now=clock(STEP_S).now))
    assert error.reason is PortReason.SILENT
    assert "is silent: no byte in 3 s" in str(error)


def after_open(reader: BoardReader, line: Any, data: bytes) -> PortError:
    """Opening empties the port: only what is written then arrives."""
    reader.open()
    line.write(data)
    return refusal(reader)


@pytest.mark.parametrize("noise", [bytes(range(128, 256)) * 8, b"\xf8\x00\x80\x78" * 200, b"\0" * 500])
def test_a_wrong_baud_rate(line: Any, clock: Callable[[float], Any], noise: bytes) -> None:
    error = after_open(BoardReader(line.path, baud=9600, now=clock(STEP_S).now), line, noise)
    assert error.reason is PortReason.WRONG_BAUD
    assert "neither frames nor text in 3 s at 9600 baud" in str(error)


def test_an_unknown_protocol_version(
    line: Any, clock: Callable[[float], Any], data_frame: Callable[..., DataFrame]
) -> None:
    from binascii import crc_hqx

    from cobs import cobs

    from firmware_bridge.codec import encode_body

    body = b"\x21" + encode_body(data_frame())[1:]
    frame = cobs.encode(body + crc_hqx(body, 0xFFFF).to_bytes(2, "big")) + b"\0"
    error = after_open(BoardReader(line.path, now=clock(STEP_S).now), line, b"\0" + 4 * frame)
    assert error.reason is PortReason.UNKNOWN_VERSION
    assert "speaks protocol version 2, this pulsekey version 1" in str(error)


def test_a_text_format_nobody_knows(line: Any, clock: Callable[[float], Any]) -> None:
    error = after_open(BoardReader(line.path, now=clock(STEP_S).now), line, b"Temp=36.6 degrees\r\n" * 9)
    assert error.reason is PortReason.UNKNOWN_FORMAT
    assert "such as 'Temp=36.6 degrees'" in str(error)
