"""A thousand times unplugged and plugged in again: hangs, leaks, and how soon the samples are back.

python tests/benchmarks/unplug_cycles.py [--cycles 1000] [--at-once 8] [--seed 0] [--json OUT]

Boards on pseudo-terminals are unplugged at random moments, in mid-frame too, for 0 to 8 s, and come back under the
same name or under another one. A light board boots 0.25-0.3 s after its port is opened, and that is in the figures.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from firmware_bridge import wearer_names
from tests.fuzzing.unplugging import Outcome, Plug, open_descriptors, run_cycles, settled_threads

ABSENCES_S = ((0.0, 0.05), (0.0, 0.5), (0.5, 2.0), (2.0, 8.0))
"""From a loose contact to somebody who goes for a cable: four, four, three and one of twelve."""
WEIGHTS = (4, 4, 3, 1)


def main() -> int:
    """Unplug, print the figures, and say 1 if something hung or leaked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1000, help="unplug and replug (default: %(default)s)")
    parser.add_argument("--at-once", type=int, default=8, help="boards, each with a reader (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of moments and absences (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    descriptors, threads, started = open_descriptors(), threading.active_count(), time.monotonic()
    outcomes = unplug(args.cycles, args.at_once, args.seed)
    first_s = np.array([seconds for one in outcomes for seconds in one.first_sample_s])
    absent_s = np.array([seconds for one in outcomes for seconds in one.absent_s])
    left = settled_threads(threads)
    figures = {
        "cycles": args.cycles,
        "restored": len(first_s),
        "hangs": sum(one.hung for one in outcomes),
        "leaked_descriptors": open_descriptors() - descriptors,
        "leaked_threads": len(left) - threads,
        "first_sample_s": spread(first_s),
        "first_sample_s_absent_over_1_s": spread(first_s[absent_s > 1.0]),
        "within_1_s": round(float(np.mean(first_s <= 1.0)), 4),
        "wall_s": round(time.monotonic() - started, 1),
    }
    print(json.dumps(figures, indent=2))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    bad = figures["hangs"] or figures["leaked_descriptors"] or figures["leaked_threads"] or len(first_s) < args.cycles
    return int(bool(bad))


def unplug(cycles: int, at_once: int, seed: int) -> list[Outcome]:
    """Share the cycles among ``at_once`` boards; every other one gets a new name each time."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        workers = []
        for number in range(at_once):
            rng = Random(seed << 16 | number)
            absences = absences_of(rng, len(range(number, cycles, at_once)))
            home = Path(folder) / str(number)
            home.mkdir()
            plug = Plug(home, wearer_names()[number % len(wearer_names())], renames=number % 2 == 1)

            def work(plug: Plug = plug, absences: Sequence[float] = absences, rng: Random = rng) -> None:
                outcomes.append(run_cycles(plug, list(absences), rng))

            workers.append(threading.Thread(target=work))
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return outcomes


def absences_of(rng: Random, count: int) -> list[float]:
    """Seconds without the board."""
    return [rng.uniform(*rng.choices(ABSENCES_S, WEIGHTS)[0]) for _ in range(count)]


def spread(seconds: np.ndarray) -> dict[str, float]:
    """Median, p90, p99 and most."""
    if not len(seconds):
        return {}
    shares = {"p50": 50, "p90": 90, "p99": 99, "max": 100}
    return {name: round(float(np.percentile(seconds, share)), 3) for name, share in shares.items()}


if __name__ == "__main__":
    sys.exit(main())
