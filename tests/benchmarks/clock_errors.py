"""What a sensor's wrong clock and late readings do to the measured rate and to the embeddings.

python tests/benchmarks/clock_errors.py --data DIR [--records 3] [--seconds 90] [--jitter-ms 20] [--json OUT]

Real recordings are sent by a sensor that is -4 to +4 % off, as frames whose clock is read up to 20 ms late, and as a
text sketch whose lines arrive up to 20 ms late, into the live front end. Each good window's embedding (the shipped INT8
model's) is compared with that of the same stretch, to the sample, of the recording undisturbed.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from device.bundle import load_bundle
from device.embedders import load_embedder
from firmware_bridge import read_wfdb
from tests.fuzzing.clocks import LOOKS_S, Heard, cosines, frames, hear, text

ERRORS = (-0.04, -0.02, 0.0, 0.02, 0.04)
SKIP_S = 10.0
"""A recording's first seconds, in which the monitor settles."""
WAYS = {"frames": frames, "text": text}


def main() -> int:
    """Send, compare, print; 1 if a figure that is promised does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with bidmc01.hea ...")
    parser.add_argument("--records", type=int, default=3, help="how many recordings (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=90.0, help="of each (default: %(default)s)")
    parser.add_argument("--jitter-ms", type=float, default=20.0, help="readings are late by up to this (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    bundle = load_bundle()
    embedder, spec = load_embedder(bundle), bundle.front_end
    recordings = [read_wfdb(path).cut(SKIP_S, args.seconds) for path in sorted(args.data.glob("bidmc*.hea"))]
    heard: dict[tuple[str, float], list[tuple[Heard, np.ndarray]]] = {}
    for number, one in enumerate(recordings[: args.records]):
        every = hear(frames(one, 0.0, 0.0, 0), one.rate_hz, replace(spec, hop_samples=1))
        for way, blocks in WAYS.items():
            for error in ERRORS:
                rate_hz = one.rate_hz * (1.0 + error)
                stream = hear(blocks(one, error, args.jitter_ms / 1e3, number), rate_hz, spec)
                same = cosines(stream, every, (rate_hz, one.rate_hz), spec, embedder)
                heard.setdefault((way, error), []).append((stream, same))
        print(f"{number + 1}/{args.records} {one.record}", file=sys.stderr)
    rows = [row(way, error, pairs, recordings[0].rate_hz) for (way, error), pairs in heard.items()]
    for line in rows:
        print(json.dumps(line))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")
    return int(any(line["least_cosine"] < 0.99 or line["rate_error_percent"][10] > 0.05 for line in rows))


def row(way: str, error: float, pairs: list[tuple[Heard, np.ndarray]], nominal_hz: float) -> dict[str, Any]:
    """The figures of one way to send and one clock error: the worst rate error of all recordings at each look."""
    same = np.concatenate([each for _, each in pairs])
    true_hz = nominal_hz * (1.0 + error)
    worst = {
        look_s: round(max(abs(stream.rates_hz[look_s] / true_hz - 1.0) for stream, _ in pairs) * 100, 4)
        for look_s in LOOKS_S
        if all(look_s in stream.rates_hz for stream, _ in pairs)
    }
    return {
        "way": way,
        "clock_error_percent": round(error * 100, 1),
        "windows": len(same),
        "mean_cosine": round(float(same.mean()), 5),
        "least_cosine": round(float(same.min()), 5),
        "rate_error_percent": worst,
    }


if __name__ == "__main__":
    sys.exit(main())
