"""``pulsekey report``: the tables and figures of finished runs, or of bundles on recordings of people."""

import argparse
import sys
from pathlib import Path

HELP = (
    "make one HTML page and Markdown tables of finished runs of pulsekey train, or of bundles on recordings of people"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="a run's folder, or a folder of them")
    parser.add_argument(
        "--bundle",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="instead of runs: a bundle, or the name of a model that ships; repeatable",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="with --bundle: the folder that holds bidmc/, one_month/ and stress_predict/",
    )
    parser.add_argument(
        "--test-looks",
        type=Path,
        metavar="FILE",
        help="with --bundle: how often each set was looked at (default: the file kept with the results)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("report"),
        metavar="DIR",
        help="where report.html and report.md go, with --bundle models.html, .md and .json (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the files and name them.

    Raises:
        CommandError: BAD_ARGUMENT, neither runs nor bundles, both, or options of the other.
        PulsekeyError: of whatever phase.
    """
    _check(args)
    return _of_bundles(args) if args.bundle else _of_runs(args)


def _check(args: argparse.Namespace) -> None:
    from device.errors import CommandError, CommandReason

    says = ""
    if args.runs and args.bundle:
        says = "runs and --bundle are two reports: make one after the other"
    elif not args.runs and not args.bundle:
        says = "name the folder of a run, or a bundle with --bundle"
    elif args.bundle and args.data is None:
        says = "--bundle needs --data, the folder of the recordings"
    elif args.runs and (args.data or args.test_looks):
        says = "--data and --test-looks belong to --bundle"
    if says:
        raise CommandError(CommandReason.BAD_ARGUMENT, says)


def _of_runs(args: argparse.Namespace) -> int:
    from train.report import write_report
    from train.report.wording import several

    written = write_report(args.runs, args.out)
    print(written.page)
    print(written.tables)
    skipped = f", {several(written.skipped, 'folder', 'folders')} without a result skipped" if written.skipped else ""
    print(f"{several(written.runs, 'run', 'runs')}{skipped}")
    return 0


def _of_bundles(args: argparse.Namespace) -> int:
    from train.report.bundle import write_bundle_report
    from train.report.wording import several

    progress = _progress if sys.stderr.isatty() else lambda _: None
    written = write_bundle_report(args.bundle, args.data, args.out, args.test_looks, progress)
    for path in written.files:
        print(path)
    missing = "".join(f", {one.path} missing" for one in written.gathered.missing)
    print(f"{several(len(written.gathered.bundles), 'model', 'models')}{missing}")
    return 0


def _progress(what: str) -> None:
    print(f"{what:<60.60}\r", end="", file=sys.stderr, flush=True)
