"""Faults of export that the user can act on."""

from enum import StrEnum

from firmware_bridge.errors import PulsekeyError


class ExportReason(StrEnum):
    """Why no bundle was written."""

    OUTPUT_EXISTS = "output exists"
    CALIBRATION = "too little to calibrate with"
    PARITY = "int8 answers differ from float"
    UNWRITABLE = "output cannot be written"
    KEY = "signing key cannot be used"
    OPERATORS = "the model has an operator that does not fit"
    ARENA = "the model needs more memory than allowed"
    RUNTIME = "a runtime is not installed"


class ExportError(PulsekeyError):
    """An export that was refused; nothing of it was written."""

    def __init__(self, reason: ExportReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
