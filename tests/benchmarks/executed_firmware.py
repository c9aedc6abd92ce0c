"""Ten simulated minutes of real recordings through the executed firmware, twice: is every sample the recording's?

python tests/benchmarks/executed_firmware.py --data DIR [--minutes 10] [--json OUT]

DIR holds bidmc*.hea; recordings are measured one after the other until the time is over. The exit status is 1 if a
sample differs, a frame was damaged, the rate is not 125 Hz, or the second run sent other bytes than the first.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from firmware_bridge import read_wfdb
from firmware_bridge.framing import FrameDecoder
from firmware_bridge.protocol import DataFrame
from firmware_bridge.sources import RecordingSource
from tests.simulated_uno import SimulatedUno
from tests.simulated_uno.sketch import build_sketch

RATE_HZ = 125
SIXTEEN_BITS = 0x3FFFC
MOST_RATE_ERROR = 1e-6


class Counts:
    """A source of an array."""

    rate_hz = float(RATE_HZ)

    def __init__(self, counts: NDArray[np.int32]) -> None:
        self._counts = counts
        self._next = 0

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``PulseSource``."""
        part = self._counts[self._next : self._next + count]
        self._next += len(part)
        return part

    def rewind(self) -> None:
        """Begin again."""
        self._next = 0


def main() -> int:
    """Run it twice and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with bidmc01.hea ...")
    parser.add_argument("--minutes", type=float, default=10.0, help="simulated (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    seconds = 60.0 * args.minutes
    counts = counts_of(args.data, round((seconds + 1) * RATE_HZ))
    started = time.perf_counter()
    first = executed(counts, seconds)
    wall_s = time.perf_counter() - started
    report = compared(first, counts) | {
        "simulated_s": seconds,
        "times_real_time": seconds / wall_s,
        "sha256": hashlib.sha256(first).hexdigest(),
        "same_bytes_twice": executed(counts, seconds) == first,
    }
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    exact = report["samples"] > (seconds - 0.1) * RATE_HZ and not report["differing"] and not report["missing"]
    on_time = abs(report["rate_hz"] / RATE_HZ - 1) < MOST_RATE_ERROR
    return int(not (exact and on_time and not report["bad_frames"] and report["same_bytes_twice"]))


def counts_of(data: Path, n: int) -> NDArray[np.int32]:
    """The first n counts, shape (n, 2), of the folder's recordings in order."""
    parts: list[NDArray[np.int32]] = []
    for path in sorted(data.glob("bidmc*.hea")):
        if sum(map(len, parts)) >= n:
            break
        parts.append(RecordingSource(read_wfdb(path)).read(n))
    return np.concatenate(parts)[:n]


def executed(counts: NDArray[np.int32], seconds: float) -> bytes:
    """What the board sends of them."""
    board = SimulatedUno(build_sketch(), Counts(counts), seconds=seconds)
    return b"".join(packet.data for packet in board.boot())


def compared(raw: bytes, counts: NDArray[np.int32]) -> dict[str, float]:
    """The bytes' samples against the recording's, index by index."""
    decoder = FrameDecoder()
    frames = [frame for frame in decoder.feed(raw) if isinstance(frame, DataFrame)]
    sent = {
        frame.index + i: pair
        for frame in frames
        for i, pair in enumerate(zip(frame.ir_counts, frame.red_counts, strict=True))
    }
    wanted = counts & SIXTEEN_BITS
    newest = [frame.index + frame.fifo_depth for frame in frames]
    period_us = np.polyfit(newest, [frame.t_us for frame in frames], 1)[0]
    return {
        "samples": len(sent),
        "missing": max(sent) + 1 - len(sent),
        "differing": sum(pair != tuple(wanted[index].tolist()) for index, pair in sent.items()),
        "epochs": len({frame.epoch for frame in frames}),
        "bad_frames": decoder.counts.dropped,
        "rate_hz": round(1e6 / float(period_us), 6),
    }


if __name__ == "__main__":
    sys.exit(main())
