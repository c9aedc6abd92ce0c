"""A million damaged streams through the decoder and the link, and a coverage-guided fuzzer on both and on file readers.

python tests/benchmarks/fuzz_wire.py [--streams 1000000] [--seed 0] [--coverage-guided SECONDS] [--json OUT]

Each stream is real frames (or, one in ten, a text sketch's lines) with one to four kinds of damage and whole frames
behind them, fed in random chunks; its number makes it again: --first N --streams 1. With --coverage-guided each target
of tests/fuzzing/guided.py, the wire's and the files', is fuzzed for so many seconds from the committed seeds.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fuzzing.checks import Report, check
from tests.fuzzing.material import load_material
from tests.fuzzing.streams import make_stream

TARGETS = ("decoder", "link", "bodies", "manifest", "cohort", "recording")
MOST_BROKEN = 100
"""Streams after which it is clear that something is wrong."""


def main() -> int:
    """Fuzz, print the figures, and say 1 if something broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=1_000_000, help="mutated streams (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all streams (default: %(default)s)")
    parser.add_argument("--coverage-guided", type=int, default=0, metavar="SECONDS", help="of each target, by atheris")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    figures, failed = mutate(args.first, args.streams, args.seed)
    if args.coverage_guided:
        guided = {target: guide(target, args.coverage_guided) for target in TARGETS}
        figures["coverage_guided"] = guided
        failed |= any(status for status in guided.values())
    print(json.dumps(figures, indent=2))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(failed)


def mutate(first: int, count: int, seed: int) -> tuple[dict[str, object], bool]:
    """Check ``count`` streams; a broken one is named and does not stop the others."""
    material, report = load_material(), Report()
    broken: list[int] = []
    by_chance: list[int] = []
    started = time.monotonic()
    for number in range(first, first + count):
        accepted = report.accepted
        try:
            check(material, make_stream(material, number, seed), report)
        except Exception as error:
            broken.append(number)
            print(f"stream {number}: {type(error).__name__}: {str(error)[:2000]}", file=sys.stderr, flush=True)
        if len(broken) == MOST_BROKEN:
            break
        if report.accepted > accepted:
            by_chance.append(number)
        if number % 100_000 == 0 and number > first:
            print(f"{number - first} streams in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    figures = asdict(report) | {
        "accepted_in": by_chance,
        "broken": broken,
        "wall_s": round(time.monotonic() - started, 1),
    }
    return figures, bool(broken)


def guide(target: str, seconds: int) -> int:
    """Run the coverage-guided fuzzer on one target: its exit status, 0 if nothing broke."""
    command = [sys.executable, "-m", "tests.fuzzing.guided", target, str(seconds)]
    return subprocess.run(command, cwd=Path(__file__).parents[2], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
