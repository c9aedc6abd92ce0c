"""``python -m tests.simulated_uno SOURCE [--speed N]``: the executed board on a pseudo-terminal until it is stopped."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from firmware_bridge.errors import PortError, PortReason, PulsekeyError
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.source_urls import MAX_SPEED, MIN_SPEED, source_of
from tests.simulated_uno.sensor import SOURCE_RATE_HZ
from tests.simulated_uno.sketch import build_sketch
from tests.simulated_uno.uno import SimulatedUno


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the terminal's path and serve the board; the exit status is 2 if that cannot be done."""
    parser = argparse.ArgumentParser("python -m tests.simulated_uno", description=__doc__)
    parser.add_argument("source", metavar="SOURCE", help="sim://NAME or replay://FILE, with their options")
    parser.add_argument("--speed", type=float, help="times real time, 0 = as fast as it is executed (about 5)")
    options = parser.parse_args(arguments)
    if options.speed is not None and options.speed != 0 and not MIN_SPEED <= options.speed <= MAX_SPEED:
        parser.error(f"--speed should be 0 or {MIN_SPEED:g} to {MAX_SPEED:g}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        board, planned_speed = _board(options.source)
    except PulsekeyError as error:
        print(f"pulsekey: error: {error}", file=sys.stderr)
        return 2
    with PtyBoard(board, planned_speed if options.speed is None else options.speed) as served:
        print(served.path, flush=True)
        stop.wait()
    return 0


def _board(url: str) -> tuple[SimulatedUno, float]:
    planned = source_of(url)
    rate_hz = planned.source.rate_hz
    if abs(rate_hz / SOURCE_RATE_HZ - 1) > 0.001:
        raise PortError(
            PortReason.BAD_URL,
            f"{url} has {rate_hz:g} samples a second: the sensor measures {SOURCE_RATE_HZ:g}, use such a recording",
        )
    return SimulatedUno(build_sketch(), planned.source), planned.speed


if __name__ == "__main__":
    sys.exit(main())
