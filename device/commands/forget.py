"""`pulsekey forget NAME`: remove a person and their template."""

import argparse

from device.commands.options import add_gallery
from device.gallery import Gallery

HELP = "Remove a person and their template from the gallery."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME")
    add_gallery(parser)


def run(args: argparse.Namespace) -> int:
    """Forget one person.

    Raises:
        GalleryError: UNKNOWN_NAME, or the store's own faults.
    """
    with Gallery(args.gallery, create=False) as gallery:
        gallery.forget(args.name)
    print(f"forgot {args.name}")
    return 0
