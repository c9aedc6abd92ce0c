"""`pulsekey rekey`: encrypt the gallery anew, so that templates that leaked are worth nothing."""

import argparse

from device.commands.options import add_gallery
from device.gallery import Gallery

HELP = "Encrypt the gallery under fresh keys and turn every template another way; nobody need enrol again."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_gallery(parser)
    parser.add_argument(
        "--passphrase", action="store_true", help="from now on under a passphrase; the key file is removed"
    )
    parser.add_argument(
        "--accept-restored", action="store_true", help="take the gallery as the newest, where you put back a copy"
    )


def run(args: argparse.Namespace) -> int:
    """Change the keys.

    Raises:
        GalleryError: the store's own faults; everything is as it was then.
    """
    with Gallery(args.gallery, create=False, accept_restored=args.accept_restored) as gallery:
        gallery.store.rekey(passphrase=args.passphrase)
        people = len(gallery.people())
    print(f"encrypted anew: {people} people")
    return 0
