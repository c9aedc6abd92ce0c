"""``pulsekey shots``: how recognition grows with the number of windows a person is enrolled from."""

import argparse
from pathlib import Path

HELP = "N-shot recognition of people never seen, by a bundle or a distillation run, for several ways to pool the shots"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=Path, nargs="?", help="a subject-wise run's folder; without one, a bundle is asked")
    parser.add_argument("--bundle", type=Path, help="the bundle's folder (default: the one that ships)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="for a bundle: the folder that holds bidmc/")
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 2, 5, 10, 20], help="default: 1 2 5 10 20")


def run(args: argparse.Namespace) -> int:
    """Print a table."""
    from train.distillation.shot_study import bundle_embeddings, run_embeddings, study
    from train.errors import TrainError, TrainReason

    if (args.run is None) == (args.data is None):
        raise TrainError(TrainReason.NO_DATA, "give a run's folder, or --data with the recordings for a bundle")
    people = run_embeddings(args.run) if args.run is not None else bundle_embeddings(args.bundle, args.data)
    print("\n".join(study(people, tuple(args.shots))))
    return 0
