"""``pulsekey attack``: how often somebody else, a replay or a made pulse is let in."""

import argparse
import json
import logging
import sys
from pathlib import Path

HELP = "attack a bundle's model and its presentation attack detection with other people's, replayed and made pulses"
REPORT, FIGURES = "attacks.md", "attacks.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    from device.commands.options import add_bundle, add_fmr, count
    from device.embedders import PRECISIONS

    add_bundle(parser)
    parser.add_argument("--precision", choices=PRECISIONS, default="int8", help="which model (default int8)")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="PATH",
        help="the folder that holds bidmc/ and challenge2015/challenge2015.npz, or a cohort file of victims",
    )
    parser.add_argument(
        "--species",
        type=lambda text: text.split(","),
        default=[],
        metavar="A,B,...",
        help="which attacks (default: all that the data allow)",
    )
    parser.add_argument(
        "--challenge", choices=("on", "off"), default="on", help="whether the board is challenged too (default on)"
    )
    add_fmr(parser)
    parser.add_argument(
        "--presentations", type=count, default=2, metavar="N", help="of each attack to each victim (default 2)"
    )
    parser.add_argument(
        "--generator",
        type=Path,
        default=Path("runs", "attack-generator"),
        metavar="DIR",
        help="where the network that makes pulses of ECGs is trained, or was (default %(default)s)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"write {REPORT} and {FIGURES} there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")


def run(args: argparse.Namespace) -> int:
    """Attack, print the report, write the files.

    Raises:
        PulsekeyError: of whatever phase.
    """
    from device.bundle import load_bundle
    from device.embedders import load_embedder
    from device.errors import CommandError, CommandReason
    from device.whole_file import check_writable
    from train.attack.attempt import Device
    from train.attack.campaign import run_attacks
    from train.attack.choosing import choose
    from train.attack.generator.training import GeneratorConfig
    from train.attack.people import read_people
    from train.attack.report import markdown

    logging.getLogger("train").setLevel(logging.INFO)  # the generator's training says how far it is
    if args.seed < 0:
        raise CommandError(CommandReason.BAD_ARGUMENT, "--seed must not be negative")
    files = {args.out / REPORT, args.out / FIGURES} if args.out else set()
    for path in files | ({args.json} if args.json else set()):
        check_writable(path)
    bundle = load_bundle(args.bundle)
    device = Device.of(bundle, load_embedder(bundle, args.runtime, args.precision), args.fmr)
    people = read_people(args.data)
    chosen = choose(args.species, people, args.generator, GeneratorConfig(seed=args.seed))
    result = run_attacks(
        device,
        people,
        chosen,
        challenge=args.challenge == "on",
        presentations=args.presentations,
        fmr=args.fmr,
        precision=args.precision,
        seed=args.seed,
        progress=_progress if sys.stderr.isatty() else lambda _: None,
    )
    figures = json.dumps(result.to_json(), indent=2, allow_nan=False) + "\n"
    report = markdown(result)
    _write(args.out, args.json, report, figures)
    print(report, end="")
    return 0


def _write(folder: Path | None, json_file: Path | None, report: str, figures: str) -> None:
    from device.whole_file import write_whole

    if folder:
        write_whole(folder / REPORT, report)
        write_whole(folder / FIGURES, figures)
    if json_file:
        write_whole(json_file, figures)


def _progress(what: str) -> None:
    print(f"{what:<40.40}\r", end="", file=sys.stderr, flush=True)
