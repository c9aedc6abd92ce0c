"""The errors of readers: one line each, what is wrong and what to do."""

from pathlib import Path

from firmware_bridge.errors import RecordingError, RecordingReason


def unreadable(path: Path, error: Exception) -> RecordingError:
    """That a file is damaged, with the library's own words in one line."""
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return RecordingError(RecordingReason.UNREADABLE, f"cannot read {path}: {why}; get it again or leave it out")


def malformed(path: Path, why: str) -> RecordingError:
    """That a file is not laid out as its set is."""
    return RecordingError(RecordingReason.BAD_ARRAY, f"{path}: {why}; get it again or leave it out")


def no_signal(path: Path, what: str) -> RecordingError:
    """That a record has no pulse."""
    return RecordingError(RecordingReason.NO_SIGNAL, f"{path} {what}; leave it out")


def nothing_of(path: Path, wanted: str, give: str) -> RecordingError:
    """That a folder is missing or holds nothing of the source's layout."""
    if not path.exists():
        return RecordingError(RecordingReason.NOT_FOUND, f"no such folder: {path}; give {give}")
    return RecordingError(RecordingReason.NOT_FOUND, f"no {wanted} in {path}; give {give}")
