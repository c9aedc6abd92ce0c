"""What a check of the presentation found, and what every check is."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import ClassVar, Protocol

from firmware_bridge import Message


class PresentationReason(StrEnum):
    """Why a presentation is refused, in words for people."""

    LIGHT_NOT_FOLLOWED = "the light did not follow the sensor's own"
    CHALLENGE_NOT_DONE = "the board did not carry out the challenge"
    CHANNELS_DISAGREE = "red and infrared do not show the same pulse"
    CHANNEL_COPIED = "red is a copy of infrared"
    REPEATED = "the signal repeats itself exactly"
    TOO_REGULAR = "the beats are more regular than a living heart's"
    NOT_PROVEN = "it was not proven alive in time"


class State(Enum):
    """What a check, or all of them together, can say."""

    PASSED = auto()
    PENDING = auto()
    """Not yet: an accept must wait for it."""
    NOT_JUDGED = auto()
    """It cannot be told from what there is, and an accept does not wait for it."""
    ATTACK = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, with a few words that say on what; ``reason`` is there where it is an ATTACK."""

    state: State
    text: str
    reason: PresentationReason | None = None


class Check(Protocol):
    """One way to tell a living finger; it takes every message of a reader, in order."""

    name: ClassVar[str]

    @property
    def finding(self) -> Finding:
        """What it makes of the present attempt so far."""

    def take(self, message: Message) -> None:
        """Take the next message."""

    def reset(self) -> None:
        """Begin a new attempt."""
