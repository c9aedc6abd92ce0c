"""``pulsekey data``: recordings to train and measure on, from their publishers."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.data.catalogue import Dataset
    from train.data.getting import Progress

HELP = "List public recordings, download them from their publisher with their licence, and prepare them for training."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|get|prepare")
    actions.add_parser("list", help="what there is, whose it is, and under which licence")
    get = actions.add_parser("get", help="download one set; what was cut goes on, what is there is verified")
    get.add_argument("name", metavar="NAME", help="as pulsekey data list tells it")
    get.add_argument("--out", type=Path, required=True, metavar="DIR", help="the set goes to DIR/NAME")
    get.add_argument("--accept-licence", action="store_true", help="do not ask whether the licence is accepted")
    prepare = actions.add_parser("prepare", help="every recording through the front end into Parquet, for training")
    prepare.add_argument("sources", nargs="+", metavar="SOURCE", help="NAME=PATH, or a path whose layout is known")
    prepare.add_argument("--out", type=Path, required=True, metavar="DIR", help="what is there is gone on with")
    prepare.add_argument("--hop", type=int, default=75, metavar="N", help="samples at 125 Hz (default: %(default)s)")
    prepare.add_argument(
        "--warp",
        type=float,
        default=0.15,
        metavar="W",
        help="windows are long enough for time to be stretched by this factor (default: %(default)s)",
    )
    prepare.add_argument("--workers", type=int, default=2, metavar="N", help="processes here (default: %(default)s)")
    prepare.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="workers of this Dask scheduler instead")
    prepare.add_argument(
        "--skip-unreadable", action="store_true", help="end with 0 though some records could not be read"
    )


def run(args: argparse.Namespace) -> int:
    """List, download after the licence is accepted, or prepare.

    Raises:
        DataError: the licence is not accepted, the recordings cannot be had, or the folder is in use.
        CommandError: UNWRITABLE, or BAD_ARGUMENT of prepare.
        RecordingError: a source cannot be opened, or some of its records cannot be read.
    """
    from train.data.catalogue import read_catalogue

    if args.action == "list":
        for name, dataset in read_catalogue().items():
            print(_described(name, dataset))
    elif args.action == "get":
        _get(args.name, args.out, accepted=args.accept_licence)
    else:
        _prepare(args)
    return 0


def _get(name: str, out: Path, *, accepted: bool) -> None:
    from datetime import UTC, datetime

    from train.data.catalogue import MB, find
    from train.data.getting import SOURCE, get_dataset

    dataset = find(name)
    print(_described(name, dataset), flush=True)
    if not accepted:
        _ask(dataset)
    shown = sys.stderr.isatty()
    try:
        got = get_dataset(
            name,
            dataset,
            out,
            accepted_at=datetime.now(UTC),
            now=lambda: datetime.now(UTC),
            progress=_show if shown else lambda _: None,
        )
    finally:
        if shown:
            _show_line("")
    size = f"{got.files} files, {got.size_bytes / MB:.1f} MB"
    print(f"{got.folder}: {size}, all as published; {got.downloaded} downloaded")
    print(f"{got.folder / SOURCE}: where they are from, and the licence")


def _prepare(args: argparse.Namespace) -> None:
    from device.errors import CommandError, CommandReason
    from train.frontend_design import design
    from train.preparing.cluster import workers
    from train.preparing.manifest import MANIFEST
    from train.preparing.preparing import check_readable, prepare_sources
    from train.windows import training_spec

    for option, value in (("--hop", args.hop), ("--workers", args.workers)):
        if value < 1:
            raise CommandError(CommandReason.BAD_ARGUMENT, f"{option} {value}: give 1 or more")
    if not 0.0 <= args.warp < 1.0:
        raise CommandError(CommandReason.BAD_ARGUMENT, f"--warp {args.warp:g}: give 0 or more, and less than 1")
    spec = training_spec(design(), args.hop, args.warp)
    prepared = prepare_sources(workers(args.scheduler, args.workers), args.sources, args.out, spec)
    for label, counts in prepared.counts.items():
        print(
            f"{label}: {counts.people} people, {counts.records} records, {counts.seconds / 3600:.1f} h: "
            f"{counts.windows} windows, {counts.good} good, {counts.size_bytes / 1e6:.1f} MB"
        )
    print(f"{args.out / MANIFEST}: {prepared.made} files made now, {prepared.there} were there")
    if not args.skip_unreadable:
        check_readable(prepared)


def _described(name: str, dataset: "Dataset") -> str:
    lines = [
        f"{name}: {dataset.title}",
        f"  {dataset.what}, {dataset.rate_hz:g} Hz, {dataset.people}, about {dataset.size_mb} MB",
        f"  licence: {dataset.licence}, {dataset.licence_url}",
        *(f"  cite: {work}" for work in dataset.citation),
        f"  from: {dataset.page}",
    ]
    return "\n".join(lines)


def _ask(dataset: "Dataset") -> None:
    from train.data.errors import DataError, DataReason

    if not sys.stdin.isatty():
        raise DataError(
            DataReason.NOT_ACCEPTED, "nobody is here to accept the licence: give --accept-licence if you do"
        )
    print(f"Do you accept the {dataset.licence}, and will you cite these works? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DataError(DataReason.NOT_ACCEPTED, "the licence was not accepted: nothing was downloaded")


def _show(progress: "Progress") -> None:
    from train.data.catalogue import MB

    _show_line(f"{progress.number}/{progress.files} {progress.file} {progress.size_bytes / MB:.1f} MB")


def _show_line(line: str) -> None:
    print(f"{line:<78.78}", end="\r", file=sys.stderr, flush=True)
