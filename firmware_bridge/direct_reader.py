"""A simulated board's messages in virtual time: no port, no thread, no waiting."""

import weakref
from collections.abc import Iterator
from typing import Self

from firmware_bridge.commands import Commands
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.link import Link
from firmware_bridge.messages import LinkStatistics, Message, RecordingEnded
from firmware_bridge.packets import Board
from firmware_bridge.protocol import CommandCode
from firmware_bridge.reader import ANSWER_S, STATISTICS_S
from firmware_bridge.seal_check import SEAL_S, SealCheck
from firmware_bridge.tallies import Tally


class DirectReader:
    """Iterate over it for the messages of one boot of ``board``, through the code that reads a real one.

    Time is the packets' own: a day of signal takes as long as its computation, and the same board gives the same
    messages. It ends with the board's packets, or after ``close()``.

    Args:
        board: boots when the first message is asked for.
        key: of the board, as in ``BoardReader``: only DATA that it seals is yielded.
        answer_s: seconds of the board's time after which a command without an answer is given up.

    Raises:
        PortError: NOT_SEALED, from the iteration. ValueError: a key of another length.
    """

    def __init__(self, board: Board, *, key: bytes | None = None, answer_s: float = ANSWER_S) -> None:
        self._board = board
        self._tally = Tally()
        self._commands = Commands(answer_s)
        self._link = Link(self._tally, self._commands, seal=None if key is None else SealCheck(key, self._tally))
        self._now_s = 0.0
        self._closing = False
        # Held by its own iteration, a reader that is left before the end would wait for the garbage collector.
        self._iteration = DirectReader._messages(weakref.proxy(self))

    @property
    def now_s(self) -> float:
        """Seconds since the board's boot."""
        return self._now_s

    def statistics(self) -> LinkStatistics:
        """The totals so far, which the iteration yields every 10 s and at the end."""
        return self._tally.statistics()

    def command(self, code: CommandCode, argument: int = 0) -> int:
        """Send a command, as ``BoardReader.command``: the board takes it before its next packet.

        Raises:
            PortError: SILENT before the board's first INFO. ValueError: the argument has more than 32 bits.
        """
        if self._link.info is None:
            raise PortError(PortReason.SILENT, "the simulated board has not said yet what it is: wait for its INFO")
        sequence, data = self._commands.make(code, argument, self._now_s)
        self._board.receive(data)
        return sequence

    def close(self) -> None:
        """End the iteration now."""
        self._closing = True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message:
        if self._closing:
            raise StopIteration
        return next(self._iteration)

    def _messages(self) -> Iterator[Message]:
        statistics_at_s = STATISTICS_S
        for packet in self._board.boot():
            self._now_s = packet.due_s
            messages = self._link.feed(packet.data, round(packet.due_s * 1e6))
            self._seal()
            for message in messages:
                if isinstance(message, RecordingEnded):
                    yield from self._last_messages()
                    yield message
                    return
                yield message
            yield from self._commands.give_up(packet.due_s)
            if packet.due_s >= statistics_at_s:
                statistics_at_s += STATISTICS_S
                yield self.statistics()
        yield from self._last_messages()

    def _seal(self) -> None:
        """Send the nonce that is due, and do not go on with a board that should seal and does not."""
        nonce = self._link.take_nonce()
        if nonce is not None:
            self._board.receive(self._commands.unanswered(CommandCode.NONCE, nonce))
        if self._link.is_doubtful:
            raise PortError(
                PortReason.NOT_SEALED, f"no samples sealed with this key came from the board in {SEAL_S:.0f} s"
            )

    def _last_messages(self) -> Iterator[Message]:
        yield from self._commands.give_up()
        yield self.statistics()
