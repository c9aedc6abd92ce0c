"""A simulated board on a pseudo-terminal: to every reader a real tty, ``/dev/pts/N``.

``python -m firmware_bridge.pty_board SOURCE [--speed N] [--loop] [--fault SPEC ...] [--key-file FILE]`` prints the
path and serves it until it is stopped.
"""

import argparse
import math
import os
import select
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_bridge.board import Epilogue, LightBoard
from firmware_bridge.board_key import read_key
from firmware_bridge.clocked_source import ClockedSource
from firmware_bridge.errors import PulsekeyError
from firmware_bridge.fault_specs import FaultPlan, plan_of
from firmware_bridge.packets import Board
from firmware_bridge.source_urls import MAX_SPEED, MIN_SPEED, is_speed, source_of
from firmware_bridge.sources import PulseSource
from firmware_bridge.wire_faults import WireDamage, WireFaults

BOOT_S = 0.25
"""From a reader's opening to the first byte: pyserial empties the port as it opens it; an Uno is slower."""
LOOK_S = 0.05
"""How often the board looks whether somebody opened or left its port, and whether it is to stop."""
STOP_S = 5.0
READ_BYTES = 4096


class PtyBoard:
    """Serves ``board`` at ``speed`` times real time, 0 as fast as it is read, to whoever opens ``path``.

    Like an Uno, it boots when its port is opened; what it measures goes on where it was, and stands still while
    nobody reads. A reader that is too slow slows it down, and loses nothing; what the reader writes reaches the
    board before its next packet. Use it as a context manager, or call close().
    """

    def __init__(self, board: Board, speed: float = 1.0) -> None:
        self._board = board
        self._speed = speed
        self._stop = threading.Event()
        self._fd, slave = os.openpty()
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._fd, False)
        self._thread = threading.Thread(target=self._run, name=f"board at {self.path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Unplug the board: its port goes away."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise RuntimeError(f"the board at {self.path} did not stop in {STOP_S:g} s")
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._has_reader():
                self._stop.wait(BOOT_S)
                self._serve()
            self._stop.wait(LOOK_S)

    def _serve(self) -> None:
        # The kernel forgets a pseudo-terminal's settings and keeps its bytes when the last reader leaves.
        tty.setraw(self._fd)
        termios.tcflush(self._fd, termios.TCIOFLUSH)
        booted = time.monotonic()
        for packet in self._board.boot():
            due = booted + packet.due_s / self._speed if self._speed else booted
            if not (self._wait(due) and self._write(packet.data)):
                return
        while self._has_reader() and not self._stop.is_set():
            self._stop.wait(LOOK_S)

    def _wait(self, until: float) -> bool:
        """Hand what the reader writes to the board until then; False if the board is to stop."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        while True:
            left_s = until - time.monotonic()
            # A poll that is asked for what is there already comes back at once.
            events = sum(event for _, event in poll.poll(min(max(left_s, 0.0), LOOK_S) * 1000))
            if events & select.POLLIN:
                self._receive()
            if self._stop.is_set() or events & select.POLLHUP:
                return False
            if left_s <= 0:
                return True

    def _receive(self) -> None:
        try:
            data = os.read(self._fd, READ_BYTES)
        except OSError:
            # The reader took back what it wrote, or left.
            return
        self._board.receive(data)

    def _write(self, data: bytes) -> bool:
        """Write all of it, however long that takes; False if the reader left or the board is to stop."""
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while data:
            events = sum(event for _, event in poll.poll(LOOK_S * 1000))
            if self._stop.is_set() or events & select.POLLHUP:
                return False
            if events & select.POLLOUT:
                try:
                    data = data[os.write(self._fd, data) :]
                except BlockingIOError:
                    continue
        return True

    def _has_reader(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, 0)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one source until SIGINT or SIGTERM; the exit status is 2 if it cannot be used."""
    parser = serving_parser("python -m firmware_bridge.pty_board", "times real time, 0 = as fast as it is read")
    parser.add_argument("--loop", action="store_true", help="begin a recording again when it has ended")
    options = parser.parse_args(arguments)
    return serve(options, lambda source, faults, key: _light(source, faults, key, loop=options.loop))


def serving_parser(program: str, speed_help: str) -> argparse.ArgumentParser:
    """The arguments of a command that serves a board: SOURCE, --speed, --fault and --key-file."""
    parser = argparse.ArgumentParser(program, description="Serve a simulated board on a pseudo-terminal.")
    parser.add_argument("source", metavar="SOURCE", help="sim://NAME or replay://FILE, with their options")
    parser.add_argument("--speed", type=_speed, help=speed_help)
    parser.add_argument(
        "--fault",
        metavar="SPEC",
        action="append",
        default=[],
        help="NAME[=VALUE][@SECONDS[+DURATION]], such as loss=0.001 or brownout@12+0.2; can be given again",
    )
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="the board's key: it seals when it gets a nonce")
    return parser


def serve(options: argparse.Namespace, make: Callable[[PulseSource, FaultPlan, bytes | None], Board]) -> int:
    """Print the path and serve the board that ``make`` makes until SIGINT or SIGTERM; 2 if it cannot be made."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        planned, faults = source_of(options.source), plan_of(options.fault)
        key = read_key(options.key_file) if options.key_file else None
        source = planned.source
        board = make(ClockedSource(source, faults.clock_error) if faults.clock_error else source, faults, key)
    except PulsekeyError as error:
        print(f"pulsekey: error: {error}", file=sys.stderr)
        return 2
    wired = board if faults.wire == WireDamage() else WireFaults(board, faults.wire)
    with PtyBoard(wired, planned.speed if options.speed is None else options.speed) as served:
        print(served.path, flush=True)
        stop.wait()
    return 0


def _light(source: PulseSource, faults: FaultPlan, key: bytes | None, *, loop: bool) -> Board:
    return LightBoard(
        source,
        Epilogue.LOOP if loop else Epilogue.END,
        nominal_rate_hz=source.rate_hz / (1.0 + faults.clock_error),
        faults=faults.sensor,
        swapped=faults.swapped,
        jitter_s=faults.jitter_s,
        key=key,
    )


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not is_speed(value):
        raise argparse.ArgumentTypeError(f"should be 0 or {MIN_SPEED:g} to {MAX_SPEED:g}, not {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
