"""``python -m tests.simulated_uno SOURCE [--speed N] [--fault SPEC] [--key-file FILE]``: on a pseudo-terminal."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.fault_specs import FaultPlan, FaultSpecError
from firmware_bridge.pty_board import serve, serving_parser
from firmware_bridge.sources import PulseSource
from tests.simulated_uno.sensor import SOURCE_RATE_HZ
from tests.simulated_uno.sketch import build_keyed_sketch, build_sketch
from tests.simulated_uno.uno import SimulatedUno


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the terminal's path and serve the board; the exit status is 2 if that cannot be done."""
    parser = serving_parser("python -m tests.simulated_uno", "times real time, 0 = as fast as it is executed (about 5)")
    with tempfile.TemporaryDirectory() as folder:
        return serve(parser.parse_args(arguments), lambda *planned: _uno(*planned, Path(folder)))


def _uno(source: PulseSource, faults: FaultPlan, key: bytes | None, folder: Path) -> SimulatedUno:
    nominal_hz = source.rate_hz / (1.0 + faults.clock_error)
    if abs(nominal_hz / SOURCE_RATE_HZ - 1) > 0.001:
        raise PortError(
            PortReason.BAD_URL,
            f"the source has {nominal_hz:g} samples a second: the sensor measures {SOURCE_RATE_HZ:g}, use such a one",
        )
    if faults.jitter_s:
        raise FaultSpecError("the executed board reads its sensor when it does: there is no jitter to add")
    elf = build_keyed_sketch(key, folder) if key else build_sketch()
    return SimulatedUno(elf, source, faults=faults.sensor, swapped=faults.swapped, clock_error=faults.clock_error)


if __name__ == "__main__":
    sys.exit(main())
