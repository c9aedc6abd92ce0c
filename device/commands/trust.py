"""`pulsekey trust KEY.pub`: run bundles that were exported with this key."""

import argparse
from pathlib import Path

from device.public_key import read_public_key
from device.trust import distrust, trust, trusted_keys

HELP = "Trust whoever exports with a key: their bundles run here. Also lists and removes the keys that are trusted."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("key", type=Path, nargs="?", metavar="KEY.pub", help="an Ed25519 public key (PEM) to trust")
    what.add_argument("--list", action="store_true", help="list the keys that are trusted, by fingerprint")
    what.add_argument(
        "--remove", nargs="+", metavar="FINGERPRINT", help="trust this key no longer; with its spaces or without"
    )


def run(args: argparse.Namespace) -> int:
    """Add, list or remove.

    Raises:
        TrustError: nothing was changed then.
    """
    if args.list:
        for one in trusted_keys():
            print(f"{one.key.fingerprint}  {'ships with pulsekey' if one.ships else f'added as {one.path}'}")
    elif args.remove is not None:
        print(f"no longer trusted: {distrust(' '.join(args.remove)).fingerprint}")
    else:
        key = read_public_key(args.key)
        print(f"{'trusted' if trust(key) else 'trusted already'}: {key.fingerprint}")
    return 0
