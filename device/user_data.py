"""Where this user's own files lie, and how one is put there: whole or not at all."""

import os
import tempfile
from pathlib import Path


def user_data_folder() -> Path | None:
    """`$XDG_DATA_HOME/pulsekey`, by default below `~/.local/share`; None for a user without a home."""
    base = os.environ.get("XDG_DATA_HOME", "")
    try:
        root = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "share"
    except RuntimeError:  # a service may run as a user without a home
        return None
    return root / "pulsekey"


def write_own_file(path: Path, content: bytes, *, mode: int, replace: bool = True) -> None:
    """Write a file beside its place, then put it there; folders that are missing are made, for the owner only.

    Raises:
        FileExistsError: with `replace=False`, where there is one already.
        OSError: it cannot be written; nothing is left behind then.
    """
    _make_folder(path.parent)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(part, path)
        else:
            os.link(part, path)  # unlike a rename, refuses what is there
    finally:
        Path(part).unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
