"""`pulsekey evaluate`: the error rates of a bundle's model on a cohort of recordings."""

import argparse
import json
import sys
from pathlib import Path

from device.bundle import load_bundle
from device.commands.options import add_bundle, add_fmr, positive
from device.embedders import PRECISIONS, load_embedder
from device.enrolment import DEFAULT_SECONDS
from device.errors import CommandError, CommandReason
from device.evaluation import Settings, evaluate, table
from device.evaluation.settings import DECISION_SECONDS
from device.whole_file import check_writable, write_whole

HELP = "Measure the error rates of a model on a cohort file, through the device's own front end and decision."


def _lengths(text: str) -> tuple[float, ...]:
    return tuple(dict.fromkeys(positive(part) for part in text.split(",")))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_bundle(parser)
    parser.add_argument("--precision", choices=PRECISIONS, default="int8", help="which model (default int8)")
    parser.add_argument("--cohort", type=Path, required=True, metavar="FILE.npz", help="recordings, ragged or windowed")
    parser.add_argument(
        "--enrol-seconds",
        type=positive,
        default=DEFAULT_SECONDS,
        metavar="N",
        help="signal to enrol from, of each session (default 60)",
    )
    parser.add_argument(
        "--decision-seconds",
        type=_lengths,
        default=DECISION_SECONDS,
        metavar="A,B,...",
        help="lengths of a comparison (default 2.4,12,60)",
    )
    add_fmr(parser)
    for role, what in (("enrol", "enrol from"), ("probe", "probe with")):
        parser.add_argument(
            f"--{role}-session",
            action="append",
            default=[],
            metavar="PREFIX",
            help=f"{what} sessions that begin so; repeatable (default: one recording for both)",
        )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default 0)")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, write the JSON.

    Raises:
        PulsekeyError: of whatever phase.
    """
    if args.json is not None:
        check_writable(args.json)
    if args.seed < 0:
        raise CommandError(CommandReason.BAD_ARGUMENT, "--seed must not be negative")
    bundle = load_bundle(args.bundle)
    settings = Settings(
        enrol_seconds=args.enrol_seconds,
        decision_seconds=args.decision_seconds,
        enrol_sessions=tuple(args.enrol_session),
        probe_sessions=tuple(args.probe_session),
        fmr=args.fmr,
        seed=args.seed,
    )
    result = evaluate(
        bundle,
        load_embedder(bundle, args.runtime, args.precision),
        args.cohort,
        settings,
        precision=args.precision,
        progress=_progress if sys.stderr.isatty() else lambda _: None,
    )
    if args.json is not None:
        write_whole(args.json, json.dumps(result.to_json(), indent=2, allow_nan=False) + "\n")
    print(table(result))
    return 0


def _progress(subject: str) -> None:
    print(f"read {subject:<20.20}\r", end="", file=sys.stderr, flush=True)
