"""``pulsekey references``: what people would build first, beside the model that ships."""

import argparse
import json
import logging
import sys
from pathlib import Path

HELP = "train and measure desktop references (scalogram networks, fiducial features) beside a bundle's model"
REPORT, FIGURES = "references.md", "references.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--bundle", type=Path, help="the bundle's folder (default: the one that ships)")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder that holds challenge2015/challenge2015.npz, bidmc/ and, for the wrist, one_month/",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help=f"where checkpoints, {REPORT} and {FIGURES} go"
    )
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=[],
        metavar="A,B,...",
        help="which references (default: all); the model that ships is measured in any case",
    )


def run(args: argparse.Namespace) -> int:
    """Train, measure, print the report, write the files; a training that was cut goes on.

    Raises:
        PulsekeyError: of whatever phase.
    """
    from device.bundle import load_bundle
    from device.errors import CommandError, CommandReason
    from device.whole_file import check_writable, write_whole
    from train.references.people import read_learning_people
    from train.references.report import markdown, to_json
    from train.references.study import chosen, run_study

    logging.getLogger("train").setLevel(logging.INFO)  # a training says how far it is without being asked
    names = chosen(args.only)
    bundle = load_bundle(args.bundle)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(CommandReason.UNWRITABLE, f"cannot make {args.out}: {error.strerror}") from None
    for name in (REPORT, FIGURES):
        check_writable(args.out / name)
    people = read_learning_people(args.data)
    progress = _progress if sys.stderr.isatty() else lambda _: None
    study = run_study(bundle, people, args.data, args.out, names, progress)
    report = markdown(study)
    write_whole(args.out / REPORT, report)
    write_whole(args.out / FIGURES, json.dumps(to_json(study), indent=2, allow_nan=False) + "\n")
    print(report, end="")
    return 0


def _progress(what: str) -> None:
    print(f"{what:<40.40}\r", end="", file=sys.stderr, flush=True)
