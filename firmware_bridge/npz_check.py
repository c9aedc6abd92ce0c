"""What an ``.npz`` file claims, held against a bound before anything of it is unpacked."""

import io
import lzma
import math
import os
import zipfile
import zlib
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MOST_UNPACKED = 64 * 1024 * 1024
"""Any file may unpack to so many bytes."""
MOST_RATIO = 100
"""And to so many times its size: no pulse is packed as tightly, a bomb is a thousand times its size."""
NPZ_FAULTS = (
    *(KeyError, ValueError, TypeError, SyntaxError, OSError, EOFError, OverflowError, RecursionError, MemoryError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, TokenError),
)
"""What zipfile and numpy raise at bytes that are no archive of arrays."""


def check_npz(file: BinaryIO) -> None:
    """Refuse what would unpack to too much, and leave the file at its beginning.

    Raises:
        ValueError: it is no archive, or a member claims more than it holds or than is bearable.
        Exception: of ``NPZ_FAULTS``, where a member's header cannot be read.
    """
    size = file.seek(0, os.SEEK_END)
    bound = max(MOST_UNPACKED, MOST_RATIO * size)
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > bound:
                raise ValueError(f"it unpacks to more than {bound} bytes")
            for member in archive.infolist():
                # Whatever it is called: numpy takes a member without the ending too, as an array or as its bytes.
                with archive.open(member) as content:
                    _check_array(content, member)
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from None
    file.seek(0)


def unpacked(content: bytes, *names: str) -> dict[str, NDArray[Any]]:
    """Those of an archive's arrays that are named and there, after ``check_npz``; no other is unpacked.

    Raises:
        Exception: of ``NPZ_FAULTS``.
    """
    file = io.BytesIO(content)
    check_npz(file)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names if name in arrays}


def _check_array(content: object, member: zipfile.ZipInfo) -> None:
    version = np.lib.format.read_magic(content)  # type: ignore[arg-type]
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{member.filename!r} has another version")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(content)  # type: ignore[arg-type]
    # An element of no bytes counts as one: a billion empty names are a billion names.
    if math.prod(shape) * max(1, dtype.itemsize) > member.file_size or min(shape, default=0) < 0:
        raise ValueError(f"{member.filename!r} claims a shape of {str(shape)[:60]}, which it does not hold")


def one_line(error: BaseException) -> str:
    """The first line of what a library says; some say several."""
    return str(error).partition("\n")[0][:200]
