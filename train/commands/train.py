"""``pulsekey train``: train a network on recordings."""

import argparse
import logging
from pathlib import Path

HELP = (
    "train a network to ship, or an experiment of distillation or a sweep of them; a run that was cut goes on. Several "
    "processes train one network: torchrun --nproc_per_node 2 $(which pulsekey) train CONFIG --data PATH"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("config", type=Path, nargs="?", help="the experiment, a TOML file such as train/configs/*.toml")
    what.add_argument("--sweep", type=Path, metavar="FILE", help="a TOML file that names many; what is done is skipped")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="PATH",
        help="the challenge2015 cohort file, or a folder of pulsekey data prepare; for distillation the folder of "
        "challenge2015/challenge2015.npz and bidmc/",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where runs go (default: runs/NAME, runs/ for a sweep)")
    parser.add_argument("--seed", type=int, help="instead of the config's, in an experiment of distillation")
    parser.add_argument("--workers", type=_workers, default=1, help="processes of a sweep (default: %(default)s)")


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; give 1 or more")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Train; a second call with the same arguments resumes.

    Raises:
        TrainError: BAD_CONFIG, torchrun started what trains in one process.
    """
    from train.distillation.config import is_distillation
    from train.errors import TrainError, TrainReason
    from train.parallel import is_first, started_together

    # A training says how far it is without being asked.
    logging.getLogger("train").setLevel(logging.INFO if is_first() else logging.WARNING)
    if args.sweep is None and not is_distillation(args.config):
        return _recogniser(args)
    if started_together():
        raise TrainError(
            TrainReason.BAD_CONFIG,
            "distillation trains in one process: call pulsekey train without torchrun, or a --sweep with --workers",
        )
    return _distil(args) if args.sweep is None else _sweep(args)


def _recogniser(args: argparse.Namespace) -> int:
    from train.config import load_config
    from train.errors import TrainError, TrainReason
    from train.experiment import train
    from train.parallel import is_first

    if args.seed is not None:
        raise TrainError(TrainReason.BAD_CONFIG, f"--seed is for experiments of distillation; set it in {args.config}")
    config = load_config(args.config)
    best = train(config, args.data, args.out or Path("runs") / config.name)
    if is_first():
        print(best)
    return 0


def _distil(args: argparse.Namespace) -> int:
    from train.distillation.config import load_distillation
    from train.distillation.run import Laboratory

    config = load_distillation(args.config)
    config = config if args.seed is None else config.with_seed(args.seed)
    print(Laboratory(args.data, args.out or Path("runs")).run(config, args.config))
    return 0


def _sweep(args: argparse.Namespace) -> int:
    from train.distillation.sweep import load_sweep, run_sweep
    from train.errors import TrainError, TrainReason

    if args.seed is not None:
        raise TrainError(TrainReason.BAD_CONFIG, f"--seed is for one experiment; a sweep's seeds are in {args.sweep}")
    out = args.out or Path("runs")
    jobs = load_sweep(args.sweep)
    run_sweep(jobs, args.data, out, args.workers)
    print(out)
    return 0
