"""Faults of a download that the user can act on."""

from enum import StrEnum

from firmware_bridge.errors import PulsekeyError


class DataReason(StrEnum):
    """Why recordings could not be had from their publisher."""

    UNKNOWN_NAME = "unknown name"
    NOT_ACCEPTED = "licence not accepted"
    UNREACHABLE = "publisher cannot be reached"
    NOT_FOUND = "not found"
    DENIED = "denied"
    REFUSED = "request refused"
    REDIRECTED = "sent elsewhere"
    BAD_LIST = "bad list of checksums"
    TOO_LARGE = "too large"
    CHECKSUM = "checksum differs"
    DISK_FULL = "disk full"
    UNWRITABLE = "cannot be written"
    BUSY = "folder in use"


class DataError(PulsekeyError):
    """Recordings that cannot be downloaded, or that are not what their publisher listed."""

    def __init__(self, reason: DataReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
