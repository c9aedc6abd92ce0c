"""``pulsekey plot-bench``: error against time, of what ``pulsekey bench`` measured."""

import argparse
from pathlib import Path

HELP = "draw error (EER over 12 s) against median time for one window, of one or more pulsekey bench --json files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="BENCH.json", help="of pulsekey bench --json; a machine each"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.{svg,png}", help="the figure")


def run(args: argparse.Namespace) -> int:
    """Draw, write, and name the file and what it lacks.

    Raises:
        PulsekeyError: a result cannot be used, or the figure cannot be written.
    """
    from device.errors import CommandError, CommandReason
    from device.whole_file import check_writable, write_whole
    from train.report.bench_figure import FORMATS, draw_marks
    from train.report.bench_results import read_marks

    kind = args.out.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise CommandError(CommandReason.BAD_ARGUMENT, f"{args.out} must end in .svg or .png")
    check_writable(args.out)
    marks, left_out = read_marks(args.results)
    write_whole(args.out, draw_marks(marks, kind))
    print(args.out)
    for line in left_out:
        print(f"left out: {line}")
    return 0
