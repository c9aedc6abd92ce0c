"""Commands to a board, without I/O: numbered, matched with their ACKs, given up when none comes."""

import math
import threading
from dataclasses import dataclass

from firmware_bridge.framing import encode_frame
from firmware_bridge.messages import CommandAnswered
from firmware_bridge.protocol import SEQUENCE_MODULUS, AckFrame, CommandCode, CommandFrame


@dataclass(frozen=True, slots=True)
class _Pending:
    code: CommandCode
    deadline_s: float


class Commands:
    """The commands of a reader's life, made in any thread; each ends in exactly one ``CommandAnswered``.

    Args:
        timeout_s: what an answer may take.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._sequence = 0
        self._pending: dict[int, _Pending] = {}

    def make(self, code: CommandCode, argument: int, now_s: float) -> tuple[int, bytes]:
        """The sequence of a new command that is sent at ``now_s``, and its bytes.

        Raises:
            ValueError: the argument does not fit 32 bits.
        """
        with self._lock:
            sequence = self._sequence
            data = encode_frame(CommandFrame(sequence, code, argument))
            self._sequence = (sequence + 1) % SEQUENCE_MODULUS
            self._pending[sequence] = _Pending(code, now_s + self._timeout_s)
        return sequence, data

    def unanswered(self, code: CommandCode, argument: int) -> bytes:
        """The bytes of a command whose answer nobody waits for."""
        with self._lock:
            sequence = self._sequence
            self._sequence = (sequence + 1) % SEQUENCE_MODULUS
        return encode_frame(CommandFrame(sequence, code, argument))

    def withdraw(self, sequence: int) -> None:
        """Forget a command that could not be sent."""
        with self._lock:
            self._pending.pop(sequence, None)

    def answer(self, ack: AckFrame) -> CommandAnswered | None:
        """What ``ack`` answers; None if it is nothing that is waited for."""
        with self._lock:
            pending = self._pending.get(ack.command_sequence)
            if pending is None or pending.code is not ack.code:
                return None
            del self._pending[ack.command_sequence]
        return CommandAnswered(ack.command_sequence, ack.code, ack.result, ack.value)

    def give_up(self, now_s: float = math.inf) -> list[CommandAnswered]:
        """The commands whose answer has not come by ``now_s``; all of them without it, when the link is lost."""
        with self._lock:
            late = [sequence for sequence, pending in self._pending.items() if now_s >= pending.deadline_s]
            return [CommandAnswered(one, self._pending.pop(one).code, None, 0) for one in late]
