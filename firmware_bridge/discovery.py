"""``--port auto``: the one board that answers; and one question to one board."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.messages import CommandAnswered
from firmware_bridge.port_list import ListedBoard, list_boards
from firmware_bridge.protocol import BAUD, BoardInfo, CommandCode
from firmware_bridge.reader import ANSWER_S, BoardReader

__all__ = ["answer", "command", "find_board", "list_boards"]

INFO_S = 4.0
"""The 3 s that a board may take to start, and the second until its next INFO."""


def find_board(
    *,
    baud: int = BAUD,
    boards: Callable[[], list[ListedBoard]] = list_boards,
    now: Callable[[], float] = time.monotonic,
) -> str:
    """The path of the only board that answers with an INFO frame.

    Raises:
        PortError: NOT_FOUND with why each port was none, or AMBIGUOUS with those to choose from.
    """
    found: list[str] = []
    failures: list[str] = []
    for board in boards():
        try:
            answer(board.path, baud=baud, now=now)
        except PortError as error:
            failures.append(str(error))
        else:
            found.append(board.path)
    if len(found) > 1:
        raise PortError(PortReason.AMBIGUOUS, f"more than one board answers: choose with --port {' or '.join(found)}")
    if not found:
        why = "; ".join(failures) or "no USB serial port is plugged in"
        raise PortError(PortReason.NOT_FOUND, f"no board found: {why}")
    return found[0]


def answer(url: str, *, baud: int = BAUD, now: Callable[[], float] = time.monotonic) -> BoardInfo:
    """What the board at ``url`` says of itself.

    Raises:
        PortError: the port cannot be read, or UNKNOWN_FORMAT if what sends there is no board of ours.
    """
    with closing(BoardReader(url, baud=baud, reconnect=False, now=now)) as reader:
        for message in _until(reader, now() + INFO_S, now):
            if isinstance(message, BoardInfo):
                return message
    raise _no_board(url)


def command(
    url: str, code: CommandCode, argument: int = 0, *, baud: int = BAUD, now: Callable[[], float] = time.monotonic
) -> CommandAnswered:
    """Have the board at ``url`` carry out one command; its answer.

    Raises:
        PortError: the port cannot be read or written to, what sends there is no board of ours, or SILENT if it
        does not answer.
    """
    with closing(BoardReader(url, baud=baud, reconnect=False, now=now)) as reader:
        sequence = None
        for message in _until(reader, now() + INFO_S + ANSWER_S, now):
            if isinstance(message, BoardInfo) and sequence is None:
                sequence = reader.command(code, argument)
            elif isinstance(message, CommandAnswered):
                if message.result is not None:
                    return message
                break
    if sequence is None:
        raise _no_board(url)
    raise PortError(PortReason.SILENT, f"{url} answers no commands; flash it with this pulsekey's firmware")


def _no_board(url: str) -> PortError:
    return PortError(PortReason.UNKNOWN_FORMAT, f"{url} sends samples but no INFO frame: not a board of pulsekey's")


def _until(reader: BoardReader, deadline: float, now: Callable[[], float]) -> Iterator[object]:
    for message in reader:
        yield message
        if now() >= deadline:
            return
