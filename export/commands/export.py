"""``pulsekey export``: make a bundle of a checkpoint."""

import argparse
import logging
import sys
from pathlib import Path

HELP = "turn a checkpoint into a bundle: ONNX and TFLite, float and INT8, with threshold, proof and card"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "checkpoint",
        type=Path,
        help="what pulsekey train wrote: best.ckpt of a recogniser, last.ckpt of a student of unseen people",
    )
    _add_data(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle's folder; must not exist")
    parser.add_argument(
        "--fine-tune",
        type=_epochs,
        default=0,
        metavar="EPOCHS",
        help="first train on for so many epochs to bear INT8, where the gate asks for it (default: none)",
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="Ed25519 private key (PEM) that signs the bundle (default: your own, made at the first export)",
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="PATH",
        help="what the checkpoint was trained on: the challenge2015 cohort file, or for a student the folder of "
        "challenge2015/challenge2015.npz and bidmc/",
    )
    parser.add_argument(
        "--test",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.npz",
        help="a cohort to measure on, nobody of which trained; repeatable",
    )
    parser.add_argument(
        "--others",
        type=Path,
        metavar="FILE.npz",
        help="a cohort of people with another kind of sensor: two thirds of them join whitening and the cohort",
    )


def _epochs(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of epochs; give 0 or more")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Export, or refuse and write nothing."""
    from device.decision import boundaries_at
    from export.quiet import quiet
    from export.signing import signing_key
    from train.checkpoint import load_trained

    logging.getLogger("train").setLevel(logging.INFO)  # fine-tuning says how far it is without being asked
    trained = load_trained(args.checkpoint)
    key = signing_key(args.key, lambda line: print(f"pulsekey: {line}", file=sys.stderr))
    # Only now: the converters take seconds to load, and a wrong path should not. One of them misses Triton, aloud.
    with quiet():
        from export.build import build_bundle
        from export.sources import gather
    manifest = build_bundle(gather(trained, args.data, tuple(args.test), key, args.fine_tune, args.others), args.out)
    accept_llr = boundaries_at(manifest.decision).accept_llr
    print(f"{args.out}: {manifest.model_id}, accepts from a log-likelihood ratio of {accept_llr:.2f}")
    return 0
