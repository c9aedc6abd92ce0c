"""What a session heeds, in one line of order: the board's messages, what people ask, and time that passes."""

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from device.session.orders import Request
from firmware_bridge import Message

TICK_S = 0.1
MAX_WAITING = 1024
"""Messages, some 40 s of frames: a session that is slower for longer stops the reader, and a port that nobody reads
loses what comes. Nothing is lost here, and what is lost there is missing from the boards' indices."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing else came for `TICK_S`."""


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


class Inbox:
    """Iterate over it; messages are read in a thread of their own, so that a silent board stops nothing.

    What the reading raises is raised by the iteration. Whoever leaves it early closes the reader, which ends the
    thread.
    """

    def __init__(self, messages: Iterable[Message], tick_s: float = TICK_S) -> None:
        self._messages = messages
        self._tick_s = tick_s
        self._waiting: queue.Queue[Message | Request | _End] = queue.Queue(MAX_WAITING)
        self._left = threading.Event()

    def post(self, request: Request) -> None:
        """Ask something, from any thread; waits while the session has more to do than it can hold."""
        self._put(request)

    def __iter__(self) -> Iterator[Message | Request | Tick]:
        threading.Thread(target=self._read, name="board reader", daemon=True).start()
        try:
            yield from self._items()
        finally:
            self._left.set()

    def messages(self) -> Iterator[Message]:
        """The board's messages alone: for who writes them down, and may have to wait for a disk."""
        for item in self:
            if not isinstance(item, Tick | Request):
                yield item

    def _items(self) -> Iterator[Message | Request | Tick]:
        while True:
            try:
                item = self._waiting.get(timeout=self._tick_s)
            except queue.Empty:
                yield Tick()
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def _read(self) -> None:
        try:
            for message in self._messages:
                self._put(message)
                if self._left.is_set():
                    return
        except BaseException as error:  # whatever it is, it belongs to whoever iterates
            self._put(_End(error))
        else:
            self._put(_End())

    def _put(self, item: Message | Request | _End) -> None:
        while not self._left.is_set():
            try:
                self._waiting.put(item, timeout=self._tick_s)
            except queue.Full:
                continue
            return
