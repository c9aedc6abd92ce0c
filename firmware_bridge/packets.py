"""What every board, light or executed, is to those who carry its bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Packet:
    """Bytes that leave the board ``due_s`` seconds after its boot."""

    due_s: float
    data: bytes


class Board(Protocol):
    """A board in virtual time: it is only as far as its packets have been taken."""

    def boot(self) -> Iterator[Packet]:
        """Everything the board sends from its boot on, in the order and at the times it does.

        It can boot many times; what it measures goes on where it was.
        """

    def receive(self, data: bytes) -> None:
        """Take bytes from the host; what the board answers leaves it with a later packet."""
