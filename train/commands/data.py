"""``pulsekey data``: recordings to train and measure on, from their publishers."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.data.catalogue import Dataset
    from train.data.getting import Progress

HELP = "List public recordings, or download them from their publisher, verified, with their licence."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|get")
    actions.add_parser("list", help="what there is, whose it is, and under which licence")
    get = actions.add_parser("get", help="download one set; what was cut goes on, what is there is verified")
    get.add_argument("name", metavar="NAME", help="as pulsekey data list tells it")
    get.add_argument("--out", type=Path, required=True, metavar="DIR", help="the set goes to DIR/NAME")
    get.add_argument("--accept-licence", action="store_true", help="do not ask whether the licence is accepted")


def run(args: argparse.Namespace) -> int:
    """List, or download after the licence is accepted.

    Raises:
        DataError: the licence is not accepted, or the recordings cannot be had.
        CommandError: UNWRITABLE, for SOURCE.json.
    """
    from train.data.catalogue import read_catalogue

    if args.action == "list":
        for name, dataset in read_catalogue().items():
            print(_described(name, dataset))
    else:
        _get(args.name, args.out, accepted=args.accept_licence)
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
