"""``pulsekey export``: make a bundle of a checkpoint."""

import argparse
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
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle's folder; must not exist")
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="Ed25519 private key (PEM) that signs the bundle (default: your own, made at the first export)",
    )


def run(args: argparse.Namespace) -> int:
    """Export, or refuse and write nothing."""
    from export.signing import signing_key
    from train.checkpoint import load_trained

    trained = load_trained(args.checkpoint)
    key = signing_key(args.key, lambda line: print(f"pulsekey: {line}", file=sys.stderr))
    # Only now: the converters take seconds to load, and a wrong path should not.
    from export.build import build_bundle
    from export.sources import gather

    manifest = build_bundle(gather(trained, args.data, tuple(args.test), key), args.out)
    print(f"{args.out}: {manifest.model_id}, threshold {manifest.decision.threshold:.4f}")
    return 0
