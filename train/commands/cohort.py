"""``pulsekey cohort``: the BIDMC recordings as one cohort file."""

import argparse
from pathlib import Path

HELP = "turn the folder of BIDMC WFDB files into one cohort file that pulsekey evaluate reads"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("folder", type=Path, help="the folder with bidmc01.hea, bidmc01.dat ...")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="the cohort file to write")


def run(args: argparse.Namespace) -> int:
    """Read, write, and say how many people there are."""
    from train.cohorts import read_bidmc, write_cohort

    recordings = [one.recording for one in read_bidmc(args.folder)]
    write_cohort(args.out, recordings)
    print(f"{args.out}: {len(recordings)} recordings of {len({one.subject for one in recordings})} people")
    return 0
