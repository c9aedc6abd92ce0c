"""The key that a board shares with this host: 32 hexadecimal digits in a file of its owner's alone."""

import os
import secrets
import stat
from pathlib import Path

from firmware_bridge.errors import BoardKeyError, BoardKeyReason
from firmware_bridge.protocol import KEY_BYTES

FILE_NAME = "board.key"
MAX_FILE_BYTES = 256
"""More than digits and a line's end: some other file."""


def new_key() -> bytes:
    """A key that nobody else has."""
    return secrets.token_bytes(KEY_BYTES)


def key_text(key: bytes) -> bytes:
    """The content of a key's file."""
    return key.hex().encode("ascii") + b"\n"


def read_key(path: Path) -> bytes:
    """The key in ``path``.

    Raises:
        BoardKeyError: there is none, or others than the file's owner can read it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(MAX_FILE_BYTES)
    except FileNotFoundError:
        raise BoardKeyError(
            BoardKeyReason.NOT_FOUND, f"no board key at {path}: pulsekey firmware --write DIR --key makes one"
        ) from None
    except OSError as error:
        raise BoardKeyError(BoardKeyReason.UNREADABLE, f"cannot read board key {path}: {error.strerror}") from None
    if mode & 0o077:
        raise BoardKeyError(BoardKeyReason.EXPOSED, f"{path} can be read by others: chmod 600 {path}")
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BoardKeyError(
            BoardKeyReason.MALFORMED, f"{path} is no board key: it should hold {2 * KEY_BYTES} hexadecimal digits"
        )
    return key
