"""Faults of training that the user can act on."""

from enum import StrEnum

from firmware_bridge.errors import PulsekeyError


class TrainReason(StrEnum):
    """Why a training, or something it reads, cannot go on."""

    BAD_CONFIG = "bad config"
    BAD_CHECKPOINT = "bad checkpoint"
    TOO_FEW_PEOPLE = "too few people"
    NO_DATA = "no data"
    LEAK = "leak"
    RUN_BUSY = "run busy"


class TrainError(PulsekeyError):
    """A configuration, data set or checkpoint that cannot be used."""

    def __init__(self, reason: TrainReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
