"""`pulsekey soak`: a day of the device in minutes, on a simulated board that suffers every fault there is."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from device.commands.options import add_bundle, positive
from device.errors import CommandError, CommandReason
from device.soak.injecting import ALL_FAULTS
from device.whole_file import check_writable, write_whole

HELP = (
    "Let the device run for hours of signal in minutes, on a simulated board on a pseudo-terminal that suffers faults "
    "at random times, and see that nothing leaks, is lost or is decided otherwise than without them. Exit status 1 "
    "where something does not hold."
)
MOST_SPEED = 1000.0


def faults(text: str) -> tuple[str, ...]:
    """`all`, or names of faults; an argument's type.

    Raises:
        argparse.ArgumentTypeError: one of them is none.
    """
    if text == "all":
        return ALL_FAULTS
    names = tuple(dict.fromkeys(name for name in text.split(",") if name))
    unknown = [name for name in names if name not in ALL_FAULTS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no fault {(*unknown, '')[0]!r}; there are all, {', '.join(ALL_FAULTS)}")
    return names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--hours", type=positive, default=24.0, metavar="N", help="of signal (default %(default)g)")
    parser.add_argument(
        "--speed", type=positive, default=50.0, metavar="N", help="times real time (default %(default)g)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of people, faults and times (default 0)")
    parser.add_argument(
        "--faults",
        type=faults,
        default=ALL_FAULTS,
        metavar="all|NAME,...",
        help=f"which: {', '.join(ALL_FAULTS)} (default all)",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything to this file")
    add_bundle(parser)


def run(args: argparse.Namespace) -> int:
    """Run, print the table, and say 1 if something does not hold.

    Raises:
        PulsekeyError: of whatever phase; CommandError before the work begins.
    """
    from device.bundle import load_bundle
    from device.embedders import load_embedder
    from device.soak.results import Results, table
    from device.soak.running import Soak, SoakPlan

    if args.speed > MOST_SPEED:
        raise CommandError(CommandReason.BAD_ARGUMENT, f"--speed should be at most {MOST_SPEED:g}, not {args.speed:g}")
    if args.json is not None:
        check_writable(args.json)
    bundle = load_bundle(args.bundle)

    def progress(results: Results) -> None:
        found = results.compared
        print(
            f"{results.signal_s / 3600:6.2f} of {results.plan_s / 3600:g} h, {results.kept_speed:5.1f} times real "
            f"time, {sum(results.befell.values())} faults, {found.decisions} decisions compared, "
            f"{found.differing} differ\r",
            end="",
            file=sys.stderr,
            flush=True,
        )

    plan = SoakPlan(args.hours * 3600.0, args.speed, args.seed, args.faults)
    with tempfile.TemporaryDirectory(prefix="pulsekey-soak-") as folder:
        soak = Soak(plan, bundle, load_embedder(bundle, args.runtime), Path(folder))
        results = soak.run(progress) if sys.stderr.isatty() else soak.run()
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if args.json is not None:
        write_whole(args.json, json.dumps(results.to_json(), indent=2, allow_nan=False) + "\n")
    print(table(results))
    return 0 if results.all_hold else 1
