"""The error tree: one root, one branch a phase, each with a reason that a caller can branch on."""

from enum import StrEnum


class PulsekeyError(Exception):
    """Something the user can act on: its text is one line, what happened and what to do."""


class PortReason(StrEnum):
    """Why a board could not be read."""

    NOT_FOUND = "not found"
    BUSY = "busy"
    DENIED = "permission denied"
    BAD_URL = "bad url"
    SILENT = "silent"
    WRONG_BAUD = "wrong baud rate"
    UNKNOWN_VERSION = "unknown protocol version"
    UNKNOWN_FORMAT = "unknown text format"
    AMBIGUOUS = "more than one board"
    UNPLUGGED = "unplugged"
    NOT_SEALED = "not sealed"


class PortError(PulsekeyError):
    """A port that cannot be opened, or that carries nothing that can be read."""

    def __init__(self, reason: PortReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BoardKeyReason(StrEnum):
    """Why a board's key could not be used."""

    NOT_FOUND = "not found"
    UNREADABLE = "unreadable"
    EXPOSED = "readable by others"
    MALFORMED = "malformed"


class BoardKeyError(PulsekeyError):
    """A file that holds no key of a board, or not for its owner alone."""

    def __init__(self, reason: BoardKeyReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class RecordingReason(StrEnum):
    """Why a recording or a cohort file could not be used."""

    NOT_FOUND = "not found"
    UNREADABLE = "unreadable"
    MISSING_ARRAY = "missing array"
    BAD_ARRAY = "bad array"
    NO_SIGNAL = "no signal"


class RecordingError(PulsekeyError):
    """A recording that cannot be read, or whose content breaks its format."""

    def __init__(self, reason: RecordingReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class WireReason(StrEnum):
    """Why bytes are not a frame."""

    CORRUPT = "corrupt"
    UNKNOWN_VERSION = "unknown protocol version"
    UNKNOWN_TYPE = "unknown frame type"


class WireError(PulsekeyError):
    """Bytes that are not a frame of this protocol."""

    def __init__(self, reason: WireReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
