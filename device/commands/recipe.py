"""`pulsekey recipe NAME`: how a pulse becomes part of the system, as a file that says what to do with it."""

import argparse
import sys
from pathlib import Path

HELP = (
    "Print a recipe: `systemd`, a hardened service that runs the lock; `pam`, a script that asks for a pulse at sudo."
)

RECIPES = Path(__file__).resolve().parents[1] / "hooks" / "recipes"
_FILES = {"systemd": "pulsekey.service", "pam": "pulsekey-pam"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("recipe", choices=_FILES, help="its comments say where it goes")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    sys.stdout.write((RECIPES / _FILES[args.recipe]).read_text(encoding="utf-8"))
    return 0
