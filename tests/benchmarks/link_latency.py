"""How long a frame is on its way: from before its last byte is written to the message that a reader yields.

python tests/benchmarks/link_latency.py [--seconds 60] [--json OUT]

A light board at real time on a pseudo-terminal, in a process of its own as a board is, and a ``BoardReader`` in this
one; both read the same monotonic clock. What the recogniser makes of the message is no part of it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from firmware_bridge import BoardReader, FrameDecoder, LightBoard, PtyBoard, SampleBlock
from firmware_bridge.protocol import DataFrame
from firmware_bridge.wearers import WearerSource, load_wearer

LIMIT_MS = 10.0
"""What p99 should stay within; a frame itself holds 40 ms."""


class StampingBoard(PtyBoard):
    """Notes each DATA frame's index and the time before it is written."""

    def __init__(self, board: LightBoard) -> None:
        self._decoder = FrameDecoder()
        self.stamps: list[tuple[int, float]] = []
        super().__init__(board)

    def _write(self, data: bytes) -> bool:
        before_s = time.monotonic()
        written = super()._write(data)
        frames = self._decoder.feed(data)
        self.stamps += [(frame.index, before_s) for frame in frames if isinstance(frame, DataFrame)]
        return written


def serve(seconds: float) -> None:
    """Be the board until the reader leaves."""
    board = LightBoard(WearerSource(load_wearer("ada"), seconds=seconds))
    with StampingBoard(board) as served:
        print(served.path, flush=True)
        sys.stdin.read()
        for index, written_s in served.stamps:
            print(index, written_s)


def measure(seconds: float) -> np.ndarray:
    """Latencies in ms, one a frame."""
    words = [sys.executable, __file__, "--serve", "--seconds", str(seconds)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        arrived_s = {}
        with BoardReader(child.stdout.readline().strip()) as reader:
            for message in reader:
                now_s = time.monotonic()
                if isinstance(message, SampleBlock):
                    arrived_s[message.index] = now_s
        stamps, _ = child.communicate("")
    written_s = {int(index): float(at) for index, at in map(str.split, stamps.splitlines())}
    if written_s.keys() != arrived_s.keys():
        raise RuntimeError(f"{len(written_s)} frames were written, {len(arrived_s)} arrived")
    return 1e3 * np.array([arrived_s[index] - written_s[index] for index in written_s])


def main() -> int:
    """Measure, print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the board sends (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.seconds)
        return 0
    latency_ms = measure(args.seconds)
    p50, p99 = np.percentile(latency_ms, [50, 99])
    report = {
        "frames": len(latency_ms),
        "p50_ms": round(float(p50), 3),
        "p99_ms": round(float(p99), 3),
        "max_ms": round(float(latency_ms.max()), 3),
        "limit_ms": LIMIT_MS,
        "load_of_1_min": os.getloadavg()[0],
    }
    print(json.dumps(report))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if p99 <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
