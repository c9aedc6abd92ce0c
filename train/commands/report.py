"""``pulsekey report``: the tables and figures of finished runs."""

import argparse
from pathlib import Path

HELP = "make one HTML page and Markdown tables of finished runs of pulsekey train"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run's folder, or a folder of them")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("report"),
        metavar="DIR",
        help="where report.html and report.md go (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Write both files and name them."""
    from train.report import write_report
    from train.report.wording import several

    written = write_report(args.runs, args.out)
    print(written.page)
    print(written.tables)
    skipped = f", {several(written.skipped, 'folder', 'folders')} without a result skipped" if written.skipped else ""
    print(f"{several(written.runs, 'run', 'runs')}{skipped}")
    return 0
