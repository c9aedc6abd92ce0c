"""``pulsekey train``: train a network on a cohort."""

import argparse
import logging
import sys
from pathlib import Path

HELP = "train a network on the challenge2015 recordings, or go on where it stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("config", type=Path, help="the experiment, a TOML file such as train/configs/*.toml")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE.npz", help="the challenge2015 cohort file")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where checkpoints go (default: runs/NAME of the config)"
    )


def run(args: argparse.Namespace) -> int:
    """Train; a second call with the same arguments resumes."""
    from train.config import load_config
    from train.experiment import train

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config = load_config(args.config)
    best = train(config, args.data, args.out or Path("runs") / config.name)
    print(best)
    return 0
