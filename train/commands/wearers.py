"""``pulsekey wearers``: make the simulated wearers anew."""

import argparse
from pathlib import Path

HELP = "make the file of simulated wearers that sim:// and the demo read"
SEED = 7
"""The file that ships was made with it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="the file to write")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed makes other people (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    from train.wearers import write_wearers

    write_wearers(args.out, args.seed)
    print(args.out)
    return 0
