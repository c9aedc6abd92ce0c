"""Files that are written whole or not at all."""

import os
from pathlib import Path

from device.errors import CommandError, CommandReason


def check_writable(path: Path) -> None:
    """Refuse a file that could not be written, before minutes of work are put into its content.

    Raises:
        CommandError: UNWRITABLE.
    """
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    if not os.access(path.resolve().parent, os.W_OK):
        raise _unwritable(path, "no such folder, or no permission")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8.

    Raises:
        CommandError: UNWRITABLE; what was there before is still there.
    """
    # Beside it first, then renamed: a file that is there is whole.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path, error.strerror or str(error)) from None


def _unwritable(path: Path, why: str) -> CommandError:
    return CommandError(CommandReason.UNWRITABLE, f"cannot write {path}: {why}")
